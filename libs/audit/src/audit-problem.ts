/** What `verifyAudit` can find. */
export type AuditProblemKind =
  /** The record, or its body, is not what was written. */
  | 'EDITED'
  /** Records inside a chain are gone. */
  | 'MISSING_RECORDS'
  /** Records at the end of a chain are gone: its head or a checkpoint goes further. */
  | 'TRUNCATED'
  /** A head or a checkpoint names a chain that has no records. */
  | 'MISSING_CHAIN'
  /** Two records hold the same place. */
  | 'DUPLICATE'
  /** A record does not follow the one before it: replaced or reordered. */
  | 'BROKEN_LINK'
  /** The row of a chain's head is gone. */
  | 'MISSING_HEAD'
  /** The row of a chain's head does not name its last record. */
  | 'HEAD_MISMATCH'
  /** The signature of a checkpoint is not ours, or its content was changed. */
  | 'CHECKPOINT_FORGED'
  /** A checkpoint does not follow the one before it: one was removed. */
  | 'CHECKPOINT_MISSING'
  /** A checkpoint names another hash for a record than the one it has. */
  | 'CHECKPOINT_MISMATCH';

/** One finding; chain and place are null where it concerns none. */
export interface AuditProblem {
  readonly kind: AuditProblemKind;
  readonly writer: string | null;
  readonly epoch: string | null;
  readonly sequence: number | null;
  readonly message: string;
}
