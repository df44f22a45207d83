import { setTimeout as delay } from 'node:timers/promises';
import { failed } from '../command-failure.js';
import { exchange, type McpExchange } from './mcp-exchange.js';
import type { ReadyMessage } from './start-demo-server.js';

/** The two calls that the demo is about. */
export interface DemoCalls {
  readonly allowed: McpExchange;
  readonly denied: McpExchange;
}

type Fetch = typeof globalThis.fetch;

/** A change reaches every gateway within a second; more is a fault. */
const patienceMs = 10_000;

/**
 * Calls the same tool with two tokens. Waits first until the gateway knows both, because they are seconds old.
 * @throws CommandFailure when the answers are not the promised ones
 */
export async function makeDemoCalls(
  fetch: Fetch,
  { endpoint, allowed, denied }: ReadyMessage['demo'],
): Promise<DemoCalls> {
  const list = await until(
    () => exchange(fetch, allowed, endpoint, 'tools/list'),
    ({ answer }) => (answer.result?.tools?.length ?? 0) > 0,
  );
  const aggregate = new URL('/mcp', endpoint).href;
  await until(
    () => exchange(fetch, denied, aggregate, 'tools/list'),
    ({ status }) => status !== 401,
  );
  const name = list.answer.result?.tools?.find((tool) => tool.name.endsWith('echo'))?.name;
  if (name === undefined) throw failed('The virtual server of the demo has no echo tool.');
  const call = (who: typeof allowed) =>
    exchange(fetch, who, endpoint, 'tools/call', { name, arguments: { message: `Hello from ${who.name}` } });
  const calls = { allowed: await call(allowed), denied: await call(denied) };
  check(calls);
  return calls;
}

async function until(run: () => Promise<McpExchange>, isDone: (done: McpExchange) => boolean): Promise<McpExchange> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const result = await run();
    if (isDone(result)) return result;
    if (Date.now() > deadline)
      throw failed(`${result.method} at ${result.url} answers HTTP ${result.status}: ${JSON.stringify(result.answer)}`);
    await delay(100);
  }
}

function check({ allowed, denied }: DemoCalls): void {
  const text = allowed.answer.result?.content?.[0]?.text ?? '';
  if (allowed.status !== 200 || allowed.answer.result?.isError || !text.includes(`Hello from ${allowed.who.name}`))
    throw failed(`The call that should be allowed answered HTTP ${allowed.status}: ${JSON.stringify(allowed.answer)}`);
  if (denied.answer.result !== undefined || denied.answer.error === undefined)
    throw failed(`The call that should be denied answered HTTP ${denied.status}: ${JSON.stringify(denied.answer)}`);
}
