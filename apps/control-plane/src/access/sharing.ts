import type { Visibility } from '#contracts';
import { DomainError, type CallContext } from '#kernel';
import type { ReadTransaction } from '#persistence';
import { findReadable } from './find-readable.js';

/** Who may see an object that has an owner: a team is named exactly while the visibility is `TEAM`. */
export interface Sharing {
  readonly visibility: Visibility;
  readonly teamId: string | null;
}

/** What an input may say about it; absent means as before. */
export interface SharingInput {
  readonly visibility?: Visibility | null | undefined;
  readonly teamId?: string | null | undefined;
}

const refuse = (text: string) => new DomainError('BAD_USER_INPUT', `teamId ${text}`, { field: 'teamId' });

/**
 * Puts an input over what was; without either, an object is private to its owner.
 * @throws DomainError BAD_USER_INPUT when visibility and team contradict each other.
 */
export function decideSharing(input: SharingInput, before: Sharing = { visibility: 'PRIVATE', teamId: null }): Sharing {
  const visibility = input.visibility ?? before.visibility;
  if (visibility !== 'TEAM') {
    if (input.teamId) throw refuse('goes with the visibility TEAM only; leave it out, or set visibility to TEAM.');
    return { visibility, teamId: null };
  }
  const teamId = input.teamId === undefined ? before.teamId : input.teamId;
  if (teamId === null) throw refuse('is missing: the visibility TEAM needs the team that shares the object.');
  return { visibility, teamId };
}

/** @throws DomainError NOT_FOUND when the team is not there, or not for the caller to see. */
export async function assertTeamReadable(ctx: CallContext, tx: ReadTransaction, { teamId }: Sharing): Promise<void> {
  if (teamId !== null) await findReadable(ctx, tx.teams, 'Team', teamId);
}
