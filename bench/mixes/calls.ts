import { interleave, ratioOf, type Figures, type Subject } from '../measure/interleave.js';
import { echo, focus, mixResult, type Bench, type MixResult, type Ratio } from './mix.js';

/** The three ways to the plain upstream: straight, by the bare forwarder, and through the gateway with everything on. */
export function threeWays({ forwarder, gateway, world }: Bench, size: number): [Subject, Subject, Subject] {
  const { plain, token } = world;
  return [
    { name: 'direct', pids: [plain.pid], job: echo(plain.url, null, 'echo', size) },
    { name: 'bare forward', pids: forwarder.pids, job: echo(forwarder.url, null, 'echo', size) },
    { name: 'gateway', pids: gateway.pids, job: echo(`${gateway.gateway}/mcp`, token, 'plain__echo', size) },
  ];
}

function ratios(
  [direct, forward, gateway]: readonly Figures[],
  connections: number,
  goal: Ratio['goal'] = { atMost: 1.4 },
): Ratio[] {
  if (!direct || !forward || !gateway) return [];
  const found: Ratio[] = [
    {
      name: `CPU per request, gateway ÷ bare forward, ${connections} connections`,
      value: ratioOf(gateway, forward, ({ cpuPerRequest }) => cpuPerRequest),
      goal,
      unit: 'x',
    },
  ];
  if (connections !== 1) return found;
  const added = (figures: Figures): Figures => ({
    ...figures,
    slices: figures.slices.map((run, index) => ({ ...run, p50: run.p50 - (direct.slices[index]?.p50 ?? Number.NaN) })),
  });
  found.push({
    name: 'added p50, gateway ÷ bare forward, 1 connection',
    value: ratioOf(added(gateway), added(forward), ({ p50 }) => p50),
    goal: { atMost: 1.4 },
    unit: 'x',
  });
  return found;
}

/** Mix A: `tools/call` with 64 bytes, at every number of connections. */
export async function mixA(bench: Bench): Promise<MixResult> {
  const figures: Figures[] = [];
  const found: Ratio[] = [];
  for (const connections of bench.options.connections) {
    bench.say(`mix A, ${connections} connections`);
    const measured = await interleave(bench.runner, threeWays(bench, 64), connections, bench.options);
    figures.push(...measured);
    found.push(...ratios(measured, connections));
  }
  return mixResult('A', 'tools/call, 64 B', figures, found);
}

/** Mix B: `tools/call` with 16 KiB in and out. */
export async function mixB(bench: Bench): Promise<MixResult> {
  const connections = focus(bench.options);
  const figures = await interleave(bench.runner, threeWays(bench, 16 * 1024), connections, bench.options);
  return mixResult('B', 'tools/call, 16 KiB in and out', figures, ratios(figures, connections, null));
}

/** Mix D: nine calls, one list of ten tools, on a virtual server. */
export async function mixD(bench: Bench): Promise<MixResult> {
  const { gateway, world } = bench;
  const { plain, token } = world;
  const kind = 'mixed' as const;
  const figures = await interleave(
    bench.runner,
    [
      { name: 'direct', pids: [plain.pid], job: { ...echo(plain.url, null, 'echo'), kind } },
      {
        name: 'gateway',
        pids: gateway.pids,
        job: { ...echo(`${gateway.gateway}/servers/plain/mcp`, token, 'echo'), kind },
      },
    ],
    focus(bench.options),
    bench.options,
  );
  return mixResult('D', '90 % tools/call, 10 % tools/list (10 tools), virtual server', figures);
}

/** Mix E: sessions that begin, list, call five times and are left. */
export async function mixE(bench: Bench): Promise<MixResult> {
  const { gateway, world } = bench;
  const { plain, token } = world;
  const kind = 'churn' as const;
  const figures = await interleave(
    bench.runner,
    [
      { name: 'direct', pids: [plain.pid], job: { ...echo(plain.url, null, 'echo'), kind } },
      {
        name: 'gateway',
        pids: gateway.pids,
        job: { ...echo(`${gateway.gateway}/servers/plain/mcp`, token, 'echo'), kind },
      },
    ],
    focus(bench.options),
    bench.options,
  );
  return mixResult('E', 'initialize, initialized, tools/list, 5 × tools/call; figures per request', figures);
}

/** The upstream built with the SDK: what a call costs where the upstream itself is the slow part. */
export async function mixSdk(bench: Bench): Promise<MixResult> {
  const { gateway, world } = bench;
  const { sdk, token } = world;
  const figures = await interleave(
    bench.runner,
    [
      { name: 'direct (SDK server)', pids: [sdk.pid], job: echo(sdk.url, null, 'echo') },
      { name: 'gateway', pids: gateway.pids, job: echo(`${gateway.gateway}/mcp`, token, 'sdk__echo') },
    ],
    focus(bench.options),
    bench.options,
  );
  return mixResult('sdk', 'tools/call, 64 B, upstream built with the SDK', figures);
}
