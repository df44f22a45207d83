import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { assertCan, assertCanChange } from '#authz';
import { DomainError, notFound, type CallContext, type Page, type PageRequest } from '#kernel';
import { UnitOfWork, type VirtualServer, type WriteTransaction } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { findReadable, readableWhere } from '../access/find-readable.js';
import { organizationOf, userIdOf } from '../access/organization-of.js';
import { assertTeamReadable, decideSharing } from '../access/sharing.js';
import { lockVirtualServer } from './lock-virtual-server.js';
import type { createVirtualServerInput, updateVirtualServerInput } from './virtual-server.types.js';

/** Use cases of virtual servers; their entries have a service of their own. */
@Injectable()
export class VirtualServersService {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  page(ctx: CallContext, request: PageRequest): Promise<Page<VirtualServer>> {
    return this.unitOfWork.read(ctx, (tx) => tx.virtualServers.page(readableWhere(ctx, 'VirtualServer'), request));
  }

  async findBySlug(ctx: CallContext, slug: string): Promise<VirtualServer> {
    const where = { $and: [{ slug }, readableWhere(ctx, 'VirtualServer')] };
    const server = await this.unitOfWork.read(ctx, (tx) => tx.virtualServers.findOne(where));
    return server ?? Promise.reject(notFound('VirtualServer'));
  }

  create(ctx: CallContext, input: z.output<typeof createVirtualServerInput>): Promise<VirtualServer> {
    const { slug, name, description, enabled, prefixNames, instructions } = input;
    const operation = { action: 'virtualServer.create', subjectType: 'VirtualServer' };
    return this.unitOfWork.write(ctx, operation, async (tx) => {
      const sharing = decideSharing(input);
      const owned = { organizationId: organizationOf(ctx), ownerId: userIdOf(ctx), ...sharing };
      assertCan(abilityOf(ctx), 'create', 'VirtualServer', owned);
      await assertTeamReadable(ctx, tx, sharing);
      const server = tx.virtualServers.create({
        ...{ slug, name, description: description ?? '', ownerId: owned.ownerId, ...sharing },
        ...{ enabled: enabled ?? true, prefixNames: prefixNames ?? false, instructions: instructions ?? null },
      });
      tx.report({ subjectId: server.id, details: { slug, prefixNames: server.prefixNames, ...sharing } });
      return server;
    });
  }

  update(ctx: CallContext, input: z.output<typeof updateVirtualServerInput>): Promise<VirtualServer> {
    const { id, visibility, teamId, ...changes } = input;
    const operation = { action: 'virtualServer.update', subjectType: 'VirtualServer', subjectId: id };
    return this.unitOfWork.write(ctx, operation, async (tx) => {
      const server = await findReadable(ctx, tx.virtualServers, 'VirtualServer', id);
      assertCan(abilityOf(ctx), 'update', 'VirtualServer', server);
      const sharing = decideSharing({ visibility, teamId }, server);
      const { organizationId, ownerId } = server;
      assertCanChange(abilityOf(ctx), 'VirtualServer', server, { id, organizationId, ownerId, ...sharing });
      if (sharing.teamId !== server.teamId) await assertTeamReadable(ctx, tx, sharing);
      if (changes.prefixNames !== undefined) await assertPrefixFree(tx, server, changes.prefixNames);
      Object.assign(server, changes, sharing);
      tx.report({ details: { changed: Object.keys(input).filter((field) => field !== 'id') } });
      return server;
    });
  }

  /** Its entries and the API tokens that are bound to it go with it. */
  delete(ctx: CallContext, { id }: { id: string }): Promise<VirtualServer> {
    const operation = { action: 'virtualServer.delete', subjectType: 'VirtualServer', subjectId: id };
    return this.unitOfWork.write(ctx, operation, async (tx) => {
      const server = await findReadable(ctx, tx.virtualServers, 'VirtualServer', id);
      assertCan(abilityOf(ctx), 'delete', 'VirtualServer', server);
      tx.virtualServers.remove(server);
      tx.report({ details: { slug: server.slug } });
      return server;
    });
  }
}

/** Clients hold on to names: they never change behind their back. */
async function assertPrefixFree(tx: WriteTransaction, { id }: VirtualServer, wanted: boolean): Promise<void> {
  const { prefixNames } = await lockVirtualServer(tx, id);
  if (prefixNames === wanted || (await tx.virtualServerEntries.count({ virtualServerId: id })) === 0) return;
  const text =
    'prefixNames is fixed while the virtual server has entries, because clients know its names. Remove the entries first, or compose another virtual server.';
  throw new DomainError('CONFLICT', text, { field: 'prefixNames' });
}
