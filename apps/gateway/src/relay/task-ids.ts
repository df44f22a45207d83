import { constantTimeEqual, hmacHex, type Keyring } from '#crypto';

const macLength = 32;

const macOf = (keyring: Keyring, tokenId: string, payload: string): string =>
  hmacHex(keyring.key('sealed-ids'), `task\n${tokenId}\n${payload}`).slice(0, macLength);

/** A task at an upstream. */
export interface TaskPlace {
  readonly upstreamId: string;
  readonly taskId: string;
}

/**
 * The id under which a client of a prefixed endpoint knows a task: always the same one for a task, so it can be
 * compared, and worth nothing with another token. No process has to remember it.
 */
export function exposeTaskId(keyring: Keyring, tokenId: string, { upstreamId, taskId }: TaskPlace): string {
  const payload = Buffer.from(JSON.stringify([upstreamId, taskId])).toString('base64url');
  return `${payload}.${macOf(keyring, tokenId, payload)}`;
}

/** The task behind an id; null when it is not one of ours or belongs to another token: the same as unknown. */
export function openTaskId(keyring: Keyring, tokenId: string, exposed: string): TaskPlace | null {
  const dot = exposed.indexOf('.');
  if (dot === -1) return null;
  const payload = exposed.slice(0, dot);
  if (!constantTimeEqual(exposed.slice(dot + 1), macOf(keyring, tokenId, payload))) return null;
  // Authenticated, so this program wrote it and it parses.
  const [upstreamId, taskId] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [string, string];
  return { upstreamId, taskId };
}
