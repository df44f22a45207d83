import { interleave, ratioOf } from '../measure/interleave.js';
import { echo, mixResult, type Bench, type MixResult } from './mix.js';

/**
 * What a second gateway process behind the same port costs: processor time of all of them together, with the most
 * connections, so that both are busy. Half-idle processes wake up for single requests, which says nothing about two.
 */
export async function mixProcesses(bench: Bench): Promise<MixResult> {
  const { options, runner, world } = bench;
  const [one, two] = await Promise.all([
    world.startGateway(),
    world.startGateway({ env: { GATEHOUSE_GATEWAY_PROCESSES: '2' } }),
  ]);
  try {
    const subject = (name: string, server: typeof one) => ({
      ...{ name, pids: server.pids },
      job: echo(`${server.gateway}/mcp`, world.token, 'plain__echo'),
    });
    const [single, double] = await interleave(
      runner,
      [subject('one process', one), subject('two processes', two)],
      Math.max(...options.connections),
      options,
    );
    if (!single || !double) throw new Error('nothing was measured');
    const notes = two.pids.length > 2 ? [] : [`only ${two.pids.length} process(es) were seen`];
    return mixResult(
      'processes',
      'one and two gateway processes, tools/call, 64 B',
      [single, double],
      [
        {
          name: 'CPU per request, two processes ÷ one',
          value: ratioOf(double, single, ({ cpuPerRequest }) => cpuPerRequest),
          goal: { atMost: 1.1 },
          unit: 'x',
        },
      ],
      notes,
    );
  } finally {
    await one.stop();
    await two.stop();
  }
}
