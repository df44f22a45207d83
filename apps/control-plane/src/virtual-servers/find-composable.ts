import { can, type McpSubject } from '#authz';
import type { CatalogKind } from '#contracts';
import { DomainError, type CallContext } from '#kernel';
import type { ReadTransaction, Repository, Upstream } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { readableWhere } from '../access/find-readable.js';
import type { NamedObject } from './exposed-name.js';

/** A catalogue object that may be composed. */
export interface ComposableObject extends NamedObject {
  readonly id: string;
}

/** One object that an input asks for; `field` is the path of its id there. */
export interface WantedObject {
  readonly kind: CatalogKind;
  readonly id: string;
  readonly field: string;
}

interface CatalogRow {
  readonly id: string;
  readonly name: string;
  readonly uri?: string;
  readonly uriTemplate?: string;
  readonly upstream: { readonly id: string };
}

interface KindOfObject {
  readonly subject: Extract<McpSubject, 'Tool' | 'Resource' | 'ResourceTemplate' | 'Prompt'>;
  readonly repository: 'tools' | 'resources' | 'resourceTemplates' | 'prompts';
}

const kinds: Readonly<Record<CatalogKind, KindOfObject>> = {
  TOOL: { subject: 'Tool', repository: 'tools' },
  RESOURCE: { subject: 'Resource', repository: 'resources' },
  RESOURCE_TEMPLATE: { subject: 'ResourceTemplate', repository: 'resourceTemplates' },
  PROMPT: { subject: 'Prompt', repository: 'prompts' },
};

/**
 * Loads the objects that the caller wants to compose, in a number of queries that does not depend on how many there are.
 * Composing hands the right to use them on (ADR 0008), so the caller needs `execute` on each.
 * @throws DomainError NOT_FOUND for a hidden or missing object, FORBIDDEN for one that is only readable; names the field.
 */
export async function findComposable(
  ctx: CallContext,
  tx: ReadTransaction,
  wanted: readonly WantedObject[],
): Promise<ReadonlyMap<string, ComposableObject>> {
  const rows = await findRows(tx, wanted, (kind) => readableWhere(ctx, kinds[kind].subject));
  for (const { kind, id, field } of wanted) {
    if (!rows.has(id)) throw new DomainError('NOT_FOUND', `${kinds[kind].subject} not found.`, { field });
  }
  const upstreams = await upstreamsOf(tx, rows);
  for (const { kind, id, field } of wanted) {
    const upstream = upstreams.get(rows.get(id)?.upstream.id ?? '');
    if (upstream) assertExecutable(ctx, kinds[kind].subject, id, upstream, field);
  }
  return describe(wanted, rows, upstreams);
}

/** The objects of entries that stand already, to name them anew or to tell the caller about those that may be told. */
export async function findComposed(
  tx: ReadTransaction,
  wanted: readonly WantedObject[],
  visibleTo: CallContext | null,
): Promise<ReadonlyMap<string, ComposableObject>> {
  const rows = await findRows(tx, wanted, (kind) => (visibleTo ? readableWhere(visibleTo, kinds[kind].subject) : {}));
  return describe(wanted, rows, await upstreamsOf(tx, rows));
}

async function findRows(
  tx: ReadTransaction,
  wanted: readonly WantedObject[],
  condition: (kind: CatalogKind) => object,
): Promise<ReadonlyMap<string, CatalogRow>> {
  const rows = new Map<string, CatalogRow>();
  for (const kind of new Set(wanted.map((one) => one.kind))) {
    const ids = wanted.filter((one) => one.kind === kind).map(({ id }) => id);
    const repository = tx[kinds[kind].repository] as unknown as Repository<CatalogRow>;
    for (const row of await repository.list({ $and: [{ id: { $in: ids } }, condition(kind)] })) rows.set(row.id, row);
  }
  return rows;
}

async function upstreamsOf(
  tx: ReadTransaction,
  rows: ReadonlyMap<string, CatalogRow>,
): Promise<ReadonlyMap<string, Upstream>> {
  const ids = [...new Set([...rows.values()].map(({ upstream }) => upstream.id))];
  const upstreams = await tx.upstreams.list({ id: { $in: ids } });
  return new Map(upstreams.map((upstream) => [upstream.id, upstream]));
}

function assertExecutable(
  ctx: CallContext,
  subject: KindOfObject['subject'],
  id: string,
  { organizationId, ownerId, teamId, visibility }: Upstream,
  field: string,
): void {
  const attributes = { id, organizationId, ownerId, teamId, visibility };
  if (can(abilityOf(ctx), 'execute', subject, attributes)) return;
  const text = `You may see this ${subject} but not use it, so you cannot hand it on. Ask its owner to share the upstream.`;
  throw new DomainError('FORBIDDEN', text, { field, details: { subject, action: 'execute' } });
}

function describe(
  wanted: readonly WantedObject[],
  rows: ReadonlyMap<string, CatalogRow>,
  upstreams: ReadonlyMap<string, Upstream>,
): ReadonlyMap<string, ComposableObject> {
  const described = new Map<string, ComposableObject>();
  for (const { kind, id } of wanted) {
    const row = rows.get(id);
    const upstream = row && upstreams.get(row.upstream.id);
    if (!row || !upstream) continue;
    const original = row.uri ?? row.uriTemplate ?? row.name;
    described.set(id, { kind, id, original, upstreamId: upstream.id, upstreamSlug: upstream.slug });
  }
  return described;
}
