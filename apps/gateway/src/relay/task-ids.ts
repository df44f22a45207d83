import { constantTimeEqual, hmacHex, type Keyring } from '#crypto';

const macLength = 32;

const macOf = (keyring: Keyring, tokenId: string, payload: string): string =>
  hmacHex(keyring.key('task-ids'), `${tokenId}\n${payload}`).slice(0, macLength);

/** A task at an upstream. */
export interface TaskPlace {
  readonly upstreamId: string;
  /** The tool that was called: who may not use it any more has no use for the task. */
  readonly toolId: string;
  readonly taskId: string;
}

/**
 * The id under which a client of a prefixed endpoint knows a task: always the same one for a task, so it can be
 * compared, and worth nothing with another token. No process has to remember it.
 */
export function exposeTaskId(keyring: Keyring, tokenId: string, { upstreamId, toolId, taskId }: TaskPlace): string {
  const payload = Buffer.from(JSON.stringify([upstreamId, toolId, taskId])).toString('base64url');
  return `${payload}.${macOf(keyring, tokenId, payload)}`;
}

/** The task behind an id; null when it is not one of ours or belongs to another token: the same as unknown. */
export function openTaskId(keyring: Keyring, tokenId: string, exposed: string): TaskPlace | null {
  const dot = exposed.indexOf('.');
  if (dot === -1) return null;
  const payload = exposed.slice(0, dot);
  if (!constantTimeEqual(exposed.slice(dot + 1), macOf(keyring, tokenId, payload))) return null;
  // Authenticated, so this program wrote it and it parses.
  const [upstreamId, toolId, taskId] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as string[];
  return upstreamId === undefined || toolId === undefined || taskId === undefined
    ? null
    : { upstreamId, toolId, taskId };
}
