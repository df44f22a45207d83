import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  addUpstream,
  callMcp,
  createTestDatabase,
  signUpAdmin,
  startGatehouse,
  startSplit,
  until,
  type ControlPlaneClient,
  type SplitGatehouse,
  type TestDatabase,
} from '#testing';
import { modernClient } from './bridge-client.js';
import { TalkativeUpstream } from './talkative-upstream.js';

type Json = Record<string, unknown>;

const burst = 40;
const path = '/upstreams/up/mcp';

let database: TestDatabase;
let split: SplitGatehouse;
let upstream: TalkativeUpstream;
let admin: ControlPlaneClient;
let first: string;
let second: string;

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'), { empty: true });
  split = await startSplit(database.url, 2, {
    GATEHOUSE_LIMITS_TOKEN_PER_MINUTE: '1',
    GATEHOUSE_LIMITS_TOKEN_BURST: String(burst),
  });
  [first = '', second = ''] = split.gateways.map(({ gateway }) => gateway + path);
  upstream = await new TalkativeUpstream('legacy').start();
  ({ admin } = await signUpAdmin(split.control));
  await addUpstream(admin, 'up', upstream.url);
});
afterAll(async () => {
  await split?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

/** A token that every process knows; `used` is how many messages it has been let through. */
async function newToken(name: string, urls: readonly string[]) {
  const { secret } = await admin.mutate<{ secret: string }>(
    'createApiToken',
    'CreateApiTokenInput',
    { name },
    'secret',
  );
  let used = 0;
  const ping = async (url: string): Promise<boolean> => {
    const isServed = (await callMcp(url, secret, 'ping')).status === 200;
    if (isServed) used++;
    return isServed;
  };
  for (const url of urls) await until('the token is known', () => ping(url));
  return { token: secret, ping, used: () => used };
}

/** Calls a tool that asks for input at one process. */
async function park(url: string, token: string): Promise<Json> {
  const parked = await modernClient(url, token).request('tools/call', { name: 'elicit', arguments: {} });
  expect(parked.result?.['resultType'], JSON.stringify(parked.error)).toBe('input_required');
  return parked.result ?? {};
}

/** Comes back with the input, to whichever process. */
function retry(url: string, token: string, { inputRequests, requestState }: Json) {
  const [key = ''] = Object.keys(inputRequests as Json);
  const inputResponses = { [key]: { action: 'accept', content: { name: 'Ada' } } };
  return modernClient(url, token).request('tools/call', {
    name: 'elicit',
    arguments: {},
    requestState,
    inputResponses,
  });
}

describe('[RLY-19] a call that waits at one process', () => {
  it('goes on when its client comes back to another one, and counts once there', async () => {
    const { token, ping, used } = await newToken('counted', [first, second]);
    const rounds = 8;
    for (let round = 0; round < rounds; round++) {
      const state = await park(first, token);
      const { result } = await retry(second, token, state);
      expect(result).toMatchObject({ resultType: 'complete', content: [{ text: 'elicited {"name":"Ada"}' }] });
      // Once only, wherever it is sent.
      if (round === 0) expect((await retry(second, token, state)).error?.code).toBe(-32602);
    }
    let accepted = used() + 2 * rounds + 1;
    // What one process holds ahead comes back within a second.
    for (let idle = 0; idle < 3; idle++) {
      while (await ping(second)) idle = 0;
      await delay(700);
    }
    accepted += used() - 2;
    expect(accepted).toBeGreaterThanOrEqual(burst - 1);
    expect(accepted).toBeLessThanOrEqual(burst + 2);
  });

  it('is gone with its process: −32602', async () => {
    const third = await startGatehouse({ env: { ...split.env, GATEHOUSE_SERVICES: 'gateway' } });
    const { token } = await newToken('lost', [third.gateway + path, second]);
    const state = await park(third.gateway + path, token);
    await third.stop('SIGKILL');
    expect((await retry(second, token, state)).error?.code).toBe(-32602);
    await third[Symbol.asyncDispose]();
  });
});
