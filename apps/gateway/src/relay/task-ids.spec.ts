import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyring } from '#crypto';
import { exposeTaskId, openTaskId } from './task-ids.js';

const keyring = createKeyring(randomBytes(32));
const place = { upstreamId: 'u-1', toolId: 't-1', taskId: 'täsk "1"' };

describe('[RLY-10] task ids', () => {
  it('are the same each time, and open for their token only', () => {
    const id = exposeTaskId(keyring, 'token-a', place);
    expect(exposeTaskId(keyring, 'token-a', place)).toBe(id);
    expect(id).toMatch(/^[A-Za-z0-9_-]+\.[0-9a-f]{32}$/);
    expect(openTaskId(keyring, 'token-a', id)).toEqual(place);
    expect(openTaskId(keyring, 'token-b', id)).toBeNull();
    expect(openTaskId(createKeyring(randomBytes(32)), 'token-a', id)).toBeNull();
  });

  it.each(['', '.', 'abc', 'abc.def', 'bnVsbA.00000000000000000000000000000000'])('%j is nobody’s', (id) => {
    expect(openTaskId(keyring, 'token-a', id)).toBeNull();
  });

  it('differ by tool, and are sealed by a key of their own', () => {
    expect(exposeTaskId(keyring, 'token-a', { ...place, toolId: 't-2' })).not.toBe(
      exposeTaskId(keyring, 'token-a', place),
    );
    const other = {
      ...keyring,
      key: (purpose: Parameters<typeof keyring.key>[0]) => keyring.key(purpose === 'task-ids' ? 'sealed-ids' : purpose),
    };
    expect(openTaskId(other, 'token-a', exposeTaskId(keyring, 'token-a', place))).toBeNull();
  });

  it('do not open altered', () => {
    const id = exposeTaskId(keyring, 'token-a', place);
    for (let at = 0; at < id.length; at++) {
      const altered = `${id.slice(0, at)}${id[at] === 'a' ? 'b' : 'a'}${id.slice(at + 1)}`;
      expect(openTaskId(keyring, 'token-a', altered)).toBeNull();
    }
  });
});
