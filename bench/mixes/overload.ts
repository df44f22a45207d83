import { interleave } from '../measure/interleave.js';
import { LoadRunner } from '../measure/load-runner.js';
import { exactly, echo, focus, mixResult, type Bench, type MixResult, type Ratio } from './mix.js';

const crowd = 256;

/** Mix G: 256 connections wait for an upstream that sleeps two seconds (half a second in the short form); how does a fast one fare beside it? */
export async function mixG(bench: Bench): Promise<MixResult> {
  const { gateway, options, runner, world } = bench;
  const sleepMs = options.short ? 500 : 2000;
  const job = echo(`${gateway.gateway}/mcp`, world.token, 'plain__echo');
  const connections = focus(options);
  const [alone] = await interleave(
    runner,
    [{ name: 'fast upstream, alone', pids: gateway.pids, job }],
    connections,
    options,
  );
  const others = await LoadRunner.start();
  try {
    const measureMs = options.warmupMs + options.passes * (options.passMs * 1.5 + 500) + 2 * sleepMs;
    const waiting = others.run(
      {
        ...echo(`${gateway.gateway}/mcp`, world.token, 'slow__sleep', sleepMs),
        ...{ kind: 'sleep', connections: crowd, warmupMs: sleepMs / 2, measureMs },
      },
      gateway.pids,
    );
    const subject = { name: `fast upstream, beside ${crowd} waiting connections`, pids: gateway.pids, job };
    const [beside] = await interleave(runner, [subject], connections, options);
    const slept = await waiting;
    if (!alone || !beside) throw new Error('nothing was measured');
    const ratios: Ratio[] = [
      {
        name: 'p99 of the fast upstream, beside ÷ alone',
        value: exactly(beside.p99 / alone.p99),
        goal: null,
        unit: 'x',
      },
    ];
    const notes = [
      `the sleeping upstream: ${slept.requests} calls answered, p50 ${(slept.p50 / 1000).toFixed(0)} ms, p99 ${(slept.p99 / 1000).toFixed(0)} ms, ${slept.errors} errors${slept.firstError === null ? '' : ` (${slept.firstError})`}`,
    ];
    const result = mixResult('G', 'overload', [alone, beside], ratios, notes);
    return { ...result, errors: result.errors + slept.errors };
  } finally {
    await others.stop();
  }
}
