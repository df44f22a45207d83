import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { assertCan } from '#authz';
import { DomainError, notFound, type CallContext } from '#kernel';
import { UnitOfWork, type VirtualServer, type VirtualServerEntry, type WriteTransaction } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { findReadable, readableWhere } from '../access/find-readable.js';
import { assertRenamable, exposedName } from './exposed-name.js';
import { findComposable, findComposed, type ComposableObject } from './find-composable.js';
import { lockVirtualServer } from './lock-virtual-server.js';
import { refuseCollisions, type NamedEntry } from './refuse-collisions.js';
import type {
  addVirtualServerEntriesInput,
  removeVirtualServerEntriesInput,
  updateVirtualServerEntryInput,
} from './virtual-server-entry.types.js';
import { referenceTo, targetOfEntry, targetOfInput } from './entry-target.js';

type AddInput = z.output<typeof addVirtualServerEntriesInput>;

/** A planned entry. */
interface Addition extends NamedEntry {
  readonly object: ComposableObject;
  readonly field: string;
  readonly nameOverride: string | null;
  readonly descriptionOverride: string | null;
}

const operation = (verb: string, subjectId: string | null) => ({
  action: `virtualServerEntry.${verb}`,
  subjectType: verb === 'update' ? 'VirtualServerEntry' : 'VirtualServer',
  subjectId,
});

/** What virtual servers are composed of. To change an entry is to update its virtual server. */
@Injectable()
export class VirtualServerEntriesService {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  add(ctx: CallContext, { virtualServerId, entries }: AddInput) {
    return this.unitOfWork.write(ctx, operation('create', virtualServerId), async (tx) => {
      const virtualServer = await changeableServer(ctx, tx, virtualServerId);
      const targets = entries.map(targetOfInput);
      const objects = await findComposable(ctx, tx, targets);
      const { prefixNames } = await lockVirtualServer(tx, virtualServerId);
      const additions = entries.flatMap((entry, at) => {
        const object = objects.get(targets[at]?.id ?? '');
        return object ? [plan(object, entry, prefixNames, `entries.${at}.nameOverride`)] : [];
      });
      refuseCollisions(await namesakes(ctx, tx, virtualServerId, additions), additions, prefixNames);
      const added = additions.map((addition) => tx.virtualServerEntries.create(rowOf(virtualServerId, addition)));
      tx.report({ details: { slug: virtualServer.slug, added: added.length, names: namesOf(added) } });
      return { virtualServer, entries: added };
    });
  }

  update(ctx: CallContext, input: z.output<typeof updateVirtualServerEntryInput>): Promise<VirtualServerEntry> {
    const { id, nameOverride, descriptionOverride } = input;
    return this.unitOfWork.write(ctx, operation('update', id), async (tx) => {
      const entry = await tx.virtualServerEntries.find(id, readableEntries(ctx));
      if (!entry) throw notFound('VirtualServerEntry');
      await changeableServer(ctx, tx, entry.virtualServerId);
      const before = entry.exposedName;
      if (nameOverride !== undefined) await rename(ctx, tx, entry, nameOverride);
      if (descriptionOverride !== undefined) entry.descriptionOverride = descriptionOverride;
      const { virtualServerId, exposedName: after } = entry;
      tx.report({ details: { virtualServerId, before, after, descriptionChanged: descriptionOverride !== undefined } });
      return entry;
    });
  }

  remove(ctx: CallContext, { ids }: z.output<typeof removeVirtualServerEntriesInput>) {
    return this.unitOfWork.write(ctx, operation('delete', null), async (tx) => {
      const wanted = [...new Set(ids)];
      const entries = await tx.virtualServerEntries.list({ $and: [{ id: { $in: wanted } }, readableEntries(ctx)] });
      const [first] = entries;
      if (!first || entries.length < wanted.length) throw notFound('VirtualServerEntry');
      const virtualServer = await changeableServer(ctx, tx, first.virtualServerId);
      if (entries.some(({ virtualServerId }) => virtualServerId !== first.virtualServerId)) {
        throw new DomainError('BAD_USER_INPUT', 'ids must be entries of one virtual server.', { field: 'ids' });
      }
      await tx.virtualServerEntries.removeWhere({ id: { $in: wanted } });
      tx.report({
        subjectId: virtualServer.id,
        details: { slug: virtualServer.slug, removed: entries.length, names: namesOf(entries) },
      });
      return { virtualServer, entries };
    });
  }
}

const readableEntries = (ctx: CallContext) => ({ virtualServerId: readableWhere(ctx, 'VirtualServer') });

async function changeableServer(ctx: CallContext, tx: WriteTransaction, id: string): Promise<VirtualServer> {
  const server = await findReadable(ctx, tx.virtualServers, 'VirtualServer', id);
  assertCan(abilityOf(ctx), 'update', 'VirtualServer', server);
  return server;
}

function plan(
  object: ComposableObject,
  { nameOverride = null, descriptionOverride = null }: AddInput['entries'][number],
  prefixNames: boolean,
  field: string,
): Addition {
  assertRenamable(object.kind, nameOverride, field);
  const name = exposedName(object, nameOverride, prefixNames);
  return { kind: object.kind, exposedName: name, object, field, nameOverride, descriptionOverride };
}

const rowOf = (
  virtualServerId: string,
  { kind, object, exposedName: name, nameOverride, descriptionOverride }: Addition,
) => ({
  ...{ virtualServerId, kind, exposedName: name, nameOverride, descriptionOverride },
  ...referenceTo(kind, object.id),
});

/** The entries that stand under one of these names, with the objects behind them as far as the caller may see them. */
async function namesakes(
  ctx: CallContext,
  tx: WriteTransaction,
  virtualServerId: string,
  wanted: readonly Pick<NamedEntry, 'exposedName'>[],
  exceptId?: string,
): Promise<NamedEntry[]> {
  const names = wanted.map((entry) => entry.exposedName);
  const standing = (await tx.virtualServerEntries.list({ virtualServerId, exposedName: { $in: names } })).filter(
    ({ id }) => id !== exceptId,
  );
  if (standing.length === 0) return [];
  const objects = await findComposed(tx, standing.map(targetOfEntry), ctx);
  return standing.map((entry) => ({
    kind: entry.kind,
    exposedName: entry.exposedName,
    object: objects.get(targetOfEntry(entry).id) ?? null,
  }));
}

async function rename(
  ctx: CallContext,
  tx: WriteTransaction,
  entry: VirtualServerEntry,
  override: string | null,
): Promise<void> {
  assertRenamable(entry.kind, override, 'nameOverride');
  const target = targetOfEntry(entry);
  const { prefixNames } = await lockVirtualServer(tx, entry.virtualServerId);
  // Who may change the virtual server may rename an entry whose upstream is hidden from them: the name is the server's.
  const object = (await findComposed(tx, [target], null)).get(target.id);
  if (!object) throw notFound('VirtualServerEntry');
  const renamed = { kind: entry.kind, exposedName: exposedName(object, override, prefixNames), object };
  const standing = await namesakes(ctx, tx, entry.virtualServerId, [renamed], entry.id);
  // The refusal spells out what is behind a name: as far as the caller may see it.
  const visible = standing.length === 0 ? null : ((await findComposed(tx, [target], ctx)).get(target.id) ?? null);
  refuseCollisions(standing, [{ ...renamed, object: visible, field: 'nameOverride' }], prefixNames);
  entry.nameOverride = override;
  entry.exposedName = renamed.exposedName;
}

/** Enough for the audit log to tell what it was about; one call may name 500. */
const namesOf = (entries: readonly VirtualServerEntry[]): string[] =>
  entries.slice(0, 20).map(({ exposedName: name }) => name);
