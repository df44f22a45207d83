import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyring } from '#crypto';
import type { Endpoint, Principal, UpstreamTarget } from '#snapshot';
import { namesUnchanged, serverNamesOf } from './exposure.js';
import { exposeTaskId } from './task-ids.js';

const keyring = createKeyring(randomBytes(32));
const upstream = { id: 'u-1', slug: 'crm' } as UpstreamTarget;
const caller = { tokenId: 'token-a' } as Principal;
const listed = { exposedName: 'gatehouse:crm:doc://1', originalName: 'doc://1' };
const endpointOf = (kind: Endpoint['kind'], ...resources: (typeof listed)[]) =>
  ({
    kind,
    resources: new Map(resources.map((one) => [one.exposedName, one])),
    resourceTemplates: [],
    resolveResource: (uri: string) => resources.find(({ exposedName }) => exposedName === uri) ?? null,
  }) as unknown as Endpoint;
const namesOf = (endpoint: Endpoint) => serverNamesOf(keyring, endpoint, caller, upstream, () => 't-1');
const back = (endpoint: Endpoint, uri: string) => namesOf(endpoint).originalUri?.(uri);

describe('[EXP-3] names on their way back', () => {
  it('are those of this upstream, and of what the endpoint shows under a prefix', () => {
    const aggregate = endpointOf('aggregate');
    expect(back(aggregate, 'gatehouse:crm:doc://2')).toBe('doc://2');
    expect(back(aggregate, 'ui://gatehouse.crm/page')).toBe('ui://page');
    for (const other of ['gatehouse:git:doc://1', 'ui://gatehouse.git/page', 'doc://1', 'gatehouse:crm:ui://page'])
      expect(back(aggregate, other)).toBe(other);
    const server = endpointOf('virtual-server', listed);
    expect(back(server, 'gatehouse:crm:doc://1')).toBe('doc://1');
    // It was never shown, so it means what it says.
    expect(back(server, 'gatehouse:crm:doc://2')).toBe('gatehouse:crm:doc://2');
    const plain = endpointOf('virtual-server', { ...listed, exposedName: 'doc://1' });
    expect(namesOf(plain).originalUri).toBeNull();
  });

  it('are tasks of this upstream and this token; another id is nobody’s but the client’s', () => {
    const { exposeTask, originalTask } = namesOf(endpointOf('aggregate'));
    expect(originalTask?.(exposeTask?.('1') ?? '')).toBe('1');
    const place = { upstreamId: upstream.id, toolId: 't-1', taskId: '1' };
    const others = [
      exposeTaskId(keyring, 'token-b', place),
      exposeTaskId(keyring, caller.tokenId, { ...place, upstreamId: 'u-2' }),
      '1',
      '',
      `${exposeTask?.('1')}0`,
    ];
    expect(others.map((id) => originalTask?.(id))).toEqual(others);
  });

  it('are none on a pass-through', () => {
    expect(namesOf(endpointOf('upstream', listed))).toBe(namesUnchanged);
  });
});
