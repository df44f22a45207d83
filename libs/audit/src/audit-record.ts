import type { AuditEventDraft } from '#contracts';
import { isUuid, newId } from '#kernel';

/** One audit event, cleaned so that every field is stored, and read back, exactly as it is here. */
export interface AuditRecord extends Omit<AuditEventDraft, 'details'> {
  /** UUIDv7, given once: storing the same record twice changes nothing. */
  readonly id: string;
  /** JSON text. */
  readonly details: string;
}

/** A record in its place in a chain; one row of `audit_events`. */
export interface ChainedRecord extends AuditRecord {
  readonly writer: string;
  /** One chain per (organization, writer, epoch); a process picks its epoch at random when it starts. */
  readonly epoch: string;
  /** 1, 2, 3 … without a gap. */
  readonly sequence: number;
  /** Keyed digest of `body`, so that the body can be purged and the chain still verifies; null without a body. */
  readonly bodyDigest: string | null;
  readonly previousHash: string;
  readonly hash: string;
}

const maxDetails = 64 * 1024;
const outcomes = new Set(['ALLOWED', 'DENIED', 'FAILED']);
const actorKinds = new Set(['user', 'system', 'anonymous']);
const lastInstant = Date.UTC(9999, 11, 31);

/**
 * Turns a draft into a record that the database takes as it is: texts cut to their columns, times in whole milliseconds.
 * One record that the table refused would hold up all that follow, so nothing here is left to chance.
 * @throws TypeError for an organization, actor, outcome or time that is none: a fault of the caller
 */
export function toAuditRecord(draft: AuditEventDraft): AuditRecord {
  if (!outcomes.has(draft.outcome) || !actorKinds.has(draft.actorKind)) {
    throw new TypeError(`audit event ${draft.action}: unknown outcome or kind of actor`);
  }
  const occurredAt = Math.trunc(draft.occurredAt);
  if (!(occurredAt >= 0 && occurredAt < lastInstant))
    throw new TypeError(`audit event ${draft.action}: impossible time`);
  const duration = draft.durationMs;
  return {
    id: newId(),
    organizationId: uuid(draft.organizationId),
    occurredAt,
    action: clip(draft.action, 100),
    outcome: draft.outcome,
    reason: clipped(draft.reason, 100),
    actorKind: draft.actorKind,
    actorUserId: draft.actorUserId === null ? null : uuid(draft.actorUserId),
    actorTokenId: draft.actorTokenId === null ? null : uuid(draft.actorTokenId),
    subjectType: clipped(draft.subjectType, 50),
    subjectId: clipped(draft.subjectId, 500),
    requestId: clip(draft.requestId, 100),
    ip: clipped(draft.ip, 64),
    durationMs: duration !== null && Number.isFinite(duration) ? Math.round(duration * 1000) / 1000 : null,
    details: detailsText(draft.details),
    body: draft.body === null ? null : storable(draft.body),
  };
}

/** Ids that were looked at lately: the same few actors do most of the work. */
const knownIds = new Set<string>();
const mostKnown = 4096;

function uuid(text: string): string {
  if (knownIds.has(text)) return text;
  if (!isUuid(text)) throw new TypeError('audit event: an organization or actor id is no UUID');
  // PostgreSQL gives UUIDs back in lower case.
  const id = text.toLowerCase();
  if (knownIds.size >= mostKnown) knownIds.clear();
  knownIds.add(id);
  return id;
}

/** PostgreSQL keeps no NUL, and UTF-8 no lone surrogate: both would be refused or read back as something else. */
const storable = (text: string): string =>
  !perhapsNot.test(text) || (text.isWellFormed() && !text.includes('\0'))
    ? text
    : text.replace(/[\0\ud800-\udfff]/gu, '\ufffd');

/** One look for what nearly no text has; it takes surrogates of pairs for suspects, too. */
const perhapsNot = /[\0\ud800-\udfff]/;

const clip = (text: string, max: number): string => storable(text.length > max ? text.slice(0, max) : text);

const clipped = (text: string | null, max: number): string | null => (text === null ? null : clip(text, max));

/** Of frozen details, which say the same in every record that has them. */
const knownTexts = new WeakMap<object, string>();

function detailsText(details: Readonly<Record<string, unknown>>): string {
  const known = knownTexts.get(details);
  if (known !== undefined) return known;
  const text = newDetailsText(details);
  if (Object.isFrozen(details)) knownTexts.set(details, text);
  return text;
}

function newDetailsText(details: Readonly<Record<string, unknown>>): string {
  try {
    const text = JSON.stringify(details);
    return text.length > maxDetails ? JSON.stringify({ omitted: 'too large', length: text.length }) : text;
  } catch {
    return JSON.stringify({ omitted: 'not JSON' });
  }
}
