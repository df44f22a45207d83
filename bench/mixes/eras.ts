import { interleave, type Subject } from '../measure/interleave.js';
import { echo, focus, mixResult, type Bench, type MixResult } from './mix.js';

/** Mix H: both eras and the bridges between them, 64 B calls. */
export async function mixH(bench: Bench): Promise<MixResult> {
  const { gateway, options, runner, world } = bench;
  const url = `${gateway.gateway}/mcp`;
  const job = (tool: string, more: Partial<Subject['job']> = {}) => ({ ...echo(url, world.token, tool), ...more });
  const { pids } = gateway;
  const figures = await interleave(
    runner,
    [
      { name: 'legacy client without session → legacy', pids, job: job('plain__echo') },
      { name: 'legacy client with session → legacy', pids, job: job('plain__echo', { kind: 'session-call' }) },
      { name: 'modern client → modern', pids, job: job('modern__echo', { era: 'modern' }) },
      { name: 'modern client → legacy', pids, job: job('plain__echo', { era: 'modern' }) },
      { name: 'legacy client without session → modern', pids, job: job('modern__echo') },
    ],
    focus(options),
    options,
  );
  return mixResult('H', 'both eras, tools/call, 64 B', figures);
}
