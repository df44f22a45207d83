import { describe, expect, it } from 'vitest';
import type { Answer, AuthorizedCall, IdentifiedCall, PostedMessage, RoutedCall } from './calls.js';
import { callDetails, toolAnswered, toolFailed } from './call-details.js';

const upstream = { id: 'u', slug: 'up' };
const toolOf = (name: string) => ({ exposedName: `up__${name}`, originalName: name, objectId: name, upstream });
const aggregate = { kind: 'aggregate', slug: null };
const virtual = { kind: 'virtual-server', slug: 'team' };
const passThrough = { kind: 'upstream', slug: 'up' };

/** Only what details are made of. */
const call = (target: object, endpoint: object, more: object = {}) => {
  const { exposedName } = target as { exposedName: string };
  const message = {
    method: 'tools/call',
    era: 'LEGACY',
    version: '2025-11-25',
    received: { message: { params: { name: exposedName } } },
    ...more,
  } as unknown as PostedMessage;
  return {
    message,
    identified: { posted: { route: { name: null } } } as unknown as IdentifiedCall,
    routed: { endpoint } as unknown as RoutedCall,
    authorized: { target } as unknown as AuthorizedCall,
  };
};
const good: Answer = { status: 200, body: null, outcome: 'ALLOWED', reason: null, details: toolAnswered };

describe('the details of a record', () => {
  it('are one frozen object for good calls of a tool that say the same', () => {
    const echo = toolOf('echo');
    const first = callDetails(call(echo, aggregate), good);
    expect(first).toEqual({
      ...{ server: null, upstream: 'up', tool: 'up__echo', era: 'LEGACY', protocolVersion: '2025-11-25' },
      ...{ httpStatus: 200, resultIsError: false },
    });
    expect(Object.isFrozen(first)).toBe(true);
    expect(callDetails(call(echo, aggregate), good)).toBe(first);
  });

  it('never say what another call said', () => {
    const echo = toolOf('echo');
    callDetails(call(echo, aggregate), good);
    const said = (recorded: ReturnType<typeof call>, answer = good) => callDetails(recorded, answer);
    expect(said(call(toolOf('other'), aggregate))).toMatchObject({ tool: 'up__other' });
    expect(said(call(echo, virtual))).toMatchObject({ server: 'team' });
    expect(said(call(echo, aggregate))).toMatchObject({ server: null });
    expect(said(call(echo, aggregate, { era: 'MODERN', version: '2026-07-28' }))).toMatchObject({ era: 'MODERN' });
    expect(said(call(echo, aggregate, { version: '2025-06-18' }))).toMatchObject({ protocolVersion: '2025-06-18' });
    expect(said(call(echo, aggregate), { ...good, status: 404 })).toMatchObject({ httpStatus: 404 });
    expect(said(call(echo, aggregate), { ...good, details: toolFailed })).toMatchObject({ resultIsError: true });
    expect(said(call(echo, aggregate), { ...good, details: { rpcCode: -5 } })).toMatchObject({ rpcCode: -5 });
    expect(said(call(echo, aggregate))).toMatchObject({ era: 'LEGACY', httpStatus: 200, resultIsError: false });
  });

  it('are made anew for a pass-through, where a name is whatever the client sent', () => {
    const echo = toolOf('echo');
    const one = callDetails(call(echo, passThrough), good);
    expect(callDetails(call(echo, passThrough), good)).not.toBe(one);
  });
});
