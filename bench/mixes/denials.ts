import { callMcp } from '#testing';
import { interleave } from '../measure/interleave.js';
import { echo, focus, mixResult, type Bench, type MixResult } from './mix.js';

/** The one call that the limited token may do in a minute must not be among the refusals. */
const spendLimit = (url: string, token: string): Promise<unknown> => callMcp(url, token, 'tools/list');

/** Mix I: what a refusal costs: no such token, no such tool, too many calls. */
export async function mixI(bench: Bench): Promise<MixResult> {
  const { gateway, options, runner, world } = bench;
  const url = `${gateway.gateway}/mcp`;
  const kind = 'deny' as const;
  // Well-formed and unknown: the look-up must be done to refuse it.
  const stranger = `${world.token.slice(0, -4)}AAAA`;
  await spendLimit(url, world.limitedToken);
  const figures = await interleave(
    runner,
    [
      { name: 'unknown token', pids: gateway.pids, job: { ...echo(url, stranger, 'plain__echo'), kind, status: 401 } },
      {
        name: 'unknown tool',
        pids: gateway.pids,
        job: { ...echo(url, world.token, 'plain__missing'), kind, status: 200, code: -32602 },
      },
      {
        name: 'rate limited',
        pids: gateway.pids,
        job: { ...echo(url, world.limitedToken, 'plain__echo'), kind, status: 429 },
      },
    ],
    focus(options),
    options,
  );
  return mixResult('I', 'refusals', figures);
}
