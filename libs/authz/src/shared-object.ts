import type { Visibility } from '#contracts';

/** Attributes of an object that has an owner and a visibility, flat, as rules look at them. */
export interface SharedObject {
  readonly organizationId: string;
  /** Absent on a candidate that is not stored yet. */
  readonly id?: string;
  readonly ownerId: string;
  /** Means something only while the visibility is `TEAM`. */
  readonly teamId: string | null;
  readonly visibility: Visibility;
}

/** Query paths of objects that take owner, team and visibility from the upstream that they were found on. */
export const inheritedFromUpstream = {
  ownerId: ['upstream', 'ownerId'],
  teamId: ['upstream', 'teamId'],
  visibility: ['upstream', 'visibility'],
} as const;
