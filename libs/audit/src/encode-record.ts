import { hmacHex, type Keyring } from '#crypto';
import type { AuditRecord } from './audit-record.js';
import { bodyDigest, emptyChain, type ChainHead, type ChainName } from './chain.js';

/** A record in its place in a chain, as text: one row of `audit_events`. */
export interface EncodedRecord extends ChainHead, ChainName {
  /** JSON of a `ChainedRecord`. */
  readonly row: string;
}

/** Details repeat themselves from call to call; those that do not are not worth remembering. */
const quotedDetails = new Map<string, string>();
const mostQuoted = 512;
const longestQuoted = 1000;

function quoteDetails(text: string): string {
  if (text.length > longestQuoted) return JSON.stringify(text);
  const known = quotedDetails.get(text);
  if (known !== undefined) return known;
  if (quotedDetails.size >= mostQuoted) quotedDetails.clear();
  const made = JSON.stringify(text);
  quotedDetails.set(text, made);
  return made;
}

const quoted = (text: string | null): string => (text === null ? 'null' : JSON.stringify(text));

/**
 * Puts a record behind the head of its chain and writes it down, in one go: the same hash and the same row as `link`
 * and `JSON.stringify` would make (a test holds them together), at a third of their cost. Ids, enumerations and numbers
 * need no escapes, every other text is escaped once for both uses, and what waits in memory is one string.
 */
export function encodeAfter(
  keyring: Keyring,
  chain: Omit<ChainName, 'organizationId'>,
  head: ChainHead = emptyChain,
  r: AuditRecord,
): EncodedRecord {
  const { writer, epoch } = chain;
  const sequence = head.sequence + 1;
  const digest = quoted(bodyDigest(keyring, r.body));
  const writerText = JSON.stringify(writer);
  const action = JSON.stringify(r.action);
  const reason = quoted(r.reason);
  const actorUserId = r.actorUserId === null ? 'null' : `"${r.actorUserId}"`;
  const actorTokenId = r.actorTokenId === null ? 'null' : `"${r.actorTokenId}"`;
  const subjectType = quoted(r.subjectType);
  const subjectId = quoted(r.subjectId);
  const requestId = JSON.stringify(r.requestId);
  const ip = quoted(r.ip);
  const details = quoteDetails(r.details);
  const hash = hmacHex(
    keyring.key('audit'),
    `["gatehouse-audit-1","${r.organizationId}",${writerText},"${epoch}",${sequence},"${head.hash}","${r.id}",${r.occurredAt},${action},"${r.outcome}",${reason},"${r.actorKind}",${actorUserId},${actorTokenId},${subjectType},${subjectId},${requestId},${ip},${r.durationMs},${details},${digest}]`,
  );
  const row = `{"id":"${r.id}","organizationId":"${r.organizationId}","writer":${writerText},"epoch":"${epoch}","sequence":${sequence},"occurredAt":${r.occurredAt},"action":${action},"outcome":"${r.outcome}","reason":${reason},"actorKind":"${r.actorKind}","actorUserId":${actorUserId},"actorTokenId":${actorTokenId},"subjectType":${subjectType},"subjectId":${subjectId},"requestId":${requestId},"ip":${ip},"durationMs":${r.durationMs},"details":${details},"body":${quoted(r.body)},"bodyDigest":${digest},"previousHash":"${head.hash}","hash":"${hash}"}`;
  return { organizationId: r.organizationId, writer, epoch, sequence, hash, row };
}
