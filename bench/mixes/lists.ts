import { interleave, ratioOf, type Figures } from '../measure/interleave.js';
import { listSizes } from '../world/open-world.js';
import { focus, mixResult, type Bench, type MixResult, type Ratio } from './mix.js';

/** Mix C: `tools/list` from the compiled view, against one upstream that serialises as many tools for every request. */
export async function mixC(bench: Bench): Promise<MixResult> {
  const { gateway, options, runner, world } = bench;
  const connections = focus(options);
  const job = { kind: 'list' as const, era: 'legacy' as const, tool: '', size: 0 };
  const figures: Figures[] = [];
  const ratios: Ratio[] = [];
  for (const size of listSizes) {
    const direct = world.lists.get(size);
    if (!direct) continue;
    bench.say(`mix C, ${size} tools`);
    const gatewayJob = (upstreams: number) => ({
      ...job,
      url: `${gateway.gateway}/servers/list-${size}-${upstreams}/mcp`,
      token: world.token,
    });
    const [straight, one, ten] = await interleave(
      runner,
      [
        { name: `direct, ${size} tools`, pids: [direct.pid], job: { ...job, url: direct.url, token: null } },
        { name: `gateway, ${size} tools over 1 upstream`, pids: gateway.pids, job: gatewayJob(1) },
        { name: `gateway, ${size} tools over 10 upstreams`, pids: gateway.pids, job: gatewayJob(10) },
      ],
      connections,
      options,
    );
    if (!straight || !one || !ten) continue;
    figures.push(straight, one, ten);
    ratios.push({
      name: `tools/list, ${size} tools over 10 upstreams, requests/s ÷ direct`,
      value: ratioOf(ten, straight, ({ requests, seconds }) => requests / seconds),
      goal: size === 500 ? { atLeast: 1 } : null,
      unit: 'x',
    });
  }
  return mixResult('C', 'tools/list', figures, ratios);
}
