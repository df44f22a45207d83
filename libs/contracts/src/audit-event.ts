import { z } from 'zod';

/** How an audited operation ended. DENIED: a rule said no; FAILED: it was allowed and did not work. */
export const auditOutcomes = ['ALLOWED', 'DENIED', 'FAILED'] as const;
/** See {@link auditOutcomes}. */
export type AuditOutcome = (typeof auditOutcomes)[number];

/** One thing that happened, before it is chained: the shape that every writer hands to the audit lib. */
export const auditEventDraft = z.object({
  organizationId: z.uuid(),
  /** Milliseconds since the epoch. */
  occurredAt: z.number(),
  /** `noun.verb` for administration (`upstream.create`), the MCP method for the data plane (`tools/call`). */
  action: z.string().min(1).max(100),
  outcome: z.enum(auditOutcomes),
  /** Error code of the registry, for DENIED and FAILED. */
  reason: z.string().max(100).nullable(),
  actorKind: z.enum(['user', 'system', 'anonymous']),
  actorUserId: z.uuid().nullable(),
  actorTokenId: z.uuid().nullable(),
  subjectType: z.string().max(50).nullable(),
  /** Row id, or the name that was asked for when nothing was found. */
  subjectId: z.string().max(500).nullable(),
  requestId: z.string().max(100),
  ip: z.string().max(64).nullable(),
  durationMs: z.number().nullable(),
  /**
   * Facts that any auditor may read; never a secret, never arguments or results. A frozen object says the same in every
   * event that has it, also within: its text is made once.
   */
  details: z.record(z.string(), z.unknown()),
  /** Sensitive payload (arguments, results), purgeable; null when not recorded. */
  body: z.string().nullable(),
});

/** See {@link auditEventDraft}. */
export type AuditEventDraft = z.output<typeof auditEventDraft>;
