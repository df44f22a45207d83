import { HttpConnection } from '../load/http-connection.js';
import { interleave, ratioOf } from '../measure/interleave.js';
import { conversationOf, Requests } from '../load/conversations.js';
import { echo, focus, mixResult, type Bench, type MixResult } from './mix.js';

/** The goal asks for the median over so many pairs at least. */
const minPairs = 15;

/** Stops a gateway in mid-flight and counts: every call that was answered must have its record. */
async function countAfterStop(bench: Bench): Promise<{ answered: number; sent: number; recorded: number }> {
  const { world } = bench;
  const server = await world.startGateway();
  const job = {
    ...echo(`${server.gateway}/mcp`, world.token, 'plain__echo'),
    connections: 16,
    warmupMs: 0,
    measureMs: 0,
  };
  const count = async (): Promise<number> => {
    const [row] = await world.database.query<{ count: string }>('SELECT count(*) FROM audit_events WHERE action = $1', [
      'tools/call',
    ]);
    return Number(row?.count);
  };
  const before = await count();
  const requests = new Requests(job);
  let answered = 0;
  let sent = 0;
  const state = { stopped: false };
  const talk = async (): Promise<void> => {
    const connection = new HttpConnection(Number(new URL(job.url).port));
    const conversation = conversationOf(job, requests);
    while (!state.stopped) {
      const { bytes, check } = conversation.next();
      sent += 1;
      try {
        if (check(await connection.request(bytes)) === null) answered += 1;
      } catch {
        break;
      }
    }
    connection.close();
  };
  const talks = Promise.all(Array.from({ length: job.connections }, talk));
  await new Promise((resolve) => setTimeout(resolve, bench.options.short ? 500 : 3000));
  await server.stop();
  state.stopped = true;
  await talks;
  return { answered, sent, recorded: (await count()) - before };
}

/** What the audit log costs, by leaving it out; and that a stop in mid-flight loses no record. */
export async function mixAudit(bench: Bench): Promise<MixResult> {
  const { options, runner, world } = bench;
  const [off, on] = await Promise.all([world.startGateway({ preload: ['without-audit.mjs'] }), world.startGateway()]);
  try {
    const slices = options.short
      ? 1
      : Math.max(minPairs, Math.round((options.passes * options.passMs) / options.sliceMs));
    const [without, with_] = await interleave(
      runner,
      [
        { name: 'audit off', pids: off.pids, job: echo(`${off.gateway}/mcp`, world.token, 'plain__echo') },
        { name: 'audit on', pids: on.pids, job: echo(`${on.gateway}/mcp`, world.token, 'plain__echo') },
      ],
      focus(options),
      { ...options, passes: 1, passMs: slices * options.sliceMs },
    );
    if (!without || !with_) throw new Error('nothing was measured');
    const kept = await countAfterStop(bench);
    const lost = Math.max(0, kept.answered - kept.recorded);
    const invented = Math.max(0, kept.recorded - kept.sent);
    const result = mixResult(
      'audit',
      'audit on ÷ off, tools/call, 64 B',
      [without, with_],
      [
        {
          name: 'CPU per request, audit on ÷ off',
          value: ratioOf(with_, without, ({ cpuPerRequest }) => cpuPerRequest),
          goal: { atMost: 1.15 },
          unit: 'x',
        },
        {
          name: 'p99, audit on ÷ off',
          value: ratioOf(with_, without, ({ p99 }) => p99),
          goal: { atMost: 1.25 },
          unit: 'x',
        },
      ],
      [
        `SIGTERM in mid-flight: ${kept.sent} calls sent, ${kept.answered} answered, ${kept.recorded} recorded: ${lost} lost`,
      ],
    );
    return { ...result, errors: result.errors + lost + invented };
  } finally {
    await off.stop();
    await on.stop();
  }
}
