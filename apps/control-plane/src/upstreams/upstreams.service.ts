import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { assertCan, assertCanChange } from '#authz';
import type { Config } from '#config';
import { sealSecret, type Keyring } from '#crypto';
import { DomainError, newId, notFound, type CallContext, type Page, type PageRequest } from '#kernel';
import { createAddressGuard, describeUrl, type AddressGuard } from '#outbound';
import { UnitOfWork, type Upstream, type WriteTransaction } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { findReadable, readableWhere } from '../access/find-readable.js';
import { organizationOf, userIdOf } from '../access/organization-of.js';
import { assertTeamReadable, decideSharing, type Sharing } from '../access/sharing.js';
import { CONFIG, KEYRING } from '../dependencies.js';
import { decideCredential } from './decide-credential.js';
import { neverProbed } from './never-probed.js';
import { SyncRequests } from './sync-requests.js';
import type { createUpstreamInput, updateUpstreamInput } from './upstream.inputs.js';

/** Use cases of upstreams. */
@Injectable()
export class UpstreamsService {
  private readonly addresses: AddressGuard;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly syncs: SyncRequests,
    @Inject(CONFIG) config: Config,
    @Inject(KEYRING) private readonly keyring: Keyring,
  ) {
    this.addresses = createAddressGuard(config.outbound.allowedHosts);
  }

  page(ctx: CallContext, request: PageRequest): Promise<Page<Upstream>> {
    return this.unitOfWork.read(ctx, (tx) => tx.upstreams.page(readableWhere(ctx, 'Upstream'), request));
  }

  async findBySlug(ctx: CallContext, slug: string): Promise<Upstream> {
    const where = { $and: [{ slug }, readableWhere(ctx, 'Upstream')] };
    const upstream = await this.unitOfWork.read(ctx, (tx) => tx.upstreams.findOne(where));
    return upstream ?? Promise.reject(notFound('Upstream'));
  }

  /** Its catalogue is read as soon as the row is committed. */
  async create(ctx: CallContext, input: z.output<typeof createUpstreamInput>): Promise<Upstream> {
    const upstream = await this.unitOfWork.write(ctx, { action: 'upstream.create', subjectType: 'Upstream' }, (tx) =>
      this.add(ctx, tx, input),
    );
    if (upstream.enabled) await this.syncs.request(ctx, upstream.id);
    return upstream;
  }

  async update(ctx: CallContext, input: z.output<typeof updateUpstreamInput>): Promise<Upstream> {
    const { id } = input;
    const operation = { action: 'upstream.update', subjectType: 'Upstream', subjectId: id };
    const { upstream, needsSync } = await this.unitOfWork.write(ctx, operation, (tx) => this.change(ctx, tx, input));
    if (needsSync) await this.syncs.request(ctx, id);
    return upstream;
  }

  /** Its catalogue goes with it, out of every virtual server, too. */
  delete(ctx: CallContext, { id }: { id: string }): Promise<Upstream> {
    const operation = { action: 'upstream.delete', subjectType: 'Upstream', subjectId: id };
    return this.unitOfWork.write(ctx, operation, async (tx) => {
      const upstream = await findReadable(ctx, tx.upstreams, 'Upstream', id);
      assertCan(abilityOf(ctx), 'delete', 'Upstream', upstream);
      tx.upstreams.remove(upstream);
      tx.report({ details: { slug: upstream.slug } });
      return upstream;
    });
  }

  private async add(
    ctx: CallContext,
    tx: WriteTransaction,
    { slug, name, description, url, enabled, ...input }: z.output<typeof createUpstreamInput>,
  ): Promise<Upstream> {
    const sharing = decideSharing(input);
    const ownerId = userIdOf(ctx);
    assertCan(abilityOf(ctx), 'create', 'Upstream', { organizationId: organizationOf(ctx), ownerId, ...sharing });
    await assertTeamReadable(ctx, tx, sharing);
    this.assertAddress(url);
    const { authHeader, secret } = decideCredential(input);
    const id = newId();
    const upstream = tx.upstreams.create(
      {
        ...{ slug, name, description: description ?? '', url, enabled: enabled ?? true, ownerId },
        ...sharing,
        ...neverProbed,
        authHeader,
        authSecret: this.seal(ctx, id, secret),
      },
      id,
    );
    tx.report({
      subjectId: id,
      details: { slug, url: describeUrl(new URL(url)), ...sharing, hasCredential: Boolean(secret) },
    });
    return upstream;
  }

  private async change(
    ctx: CallContext,
    tx: WriteTransaction,
    { id, visibility, teamId, authHeader, authSecret, ...changes }: z.output<typeof updateUpstreamInput>,
  ): Promise<{ upstream: Upstream; needsSync: boolean }> {
    const upstream = await findReadable(ctx, tx.upstreams, 'Upstream', id);
    assertCan(abilityOf(ctx), 'update', 'Upstream', upstream);
    const sharing = decideSharing({ visibility, teamId }, upstream);
    assertCanChange(abilityOf(ctx), 'Upstream', upstream, attributesOf(upstream, sharing));
    if (sharing.teamId !== upstream.teamId) await assertTeamReadable(ctx, tx, sharing);
    const moves = changes.url !== undefined && changes.url !== upstream.url;
    if (changes.url !== undefined && moves) this.assertAddress(changes.url);
    const credential = decideCredential({ authHeader, authSecret }, upstream, moves);
    const wasEnabled = upstream.enabled;
    Object.assign(upstream, changes, sharing, moves ? neverProbed : {}, { authHeader: credential.authHeader });
    if (credential.secret !== undefined) upstream.authSecret = this.seal(ctx, id, credential.secret);
    tx.report({ details: { changed: changedFields({ visibility, teamId, authHeader, authSecret, ...changes }) } });
    const needsSync = upstream.enabled && (moves || !wasEnabled || typeof credential.secret === 'string');
    return { upstream, needsSync };
  }

  /** Names are looked up when they are dialled, so here only literal addresses can be refused. */
  private assertAddress(url: string): void {
    try {
      this.addresses.assertUrl(new URL(url));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      throw new DomainError(error.code, error.message, { field: 'url', cause: error });
    }
  }

  private seal(ctx: CallContext, upstreamId: string, secret: string | null | undefined): string | null {
    return typeof secret === 'string' ? sealSecret(this.keyring, secret, `${organizationOf(ctx)}:${upstreamId}`) : null;
  }
}

const attributesOf = ({ id, organizationId, ownerId }: Upstream, sharing: Sharing) => ({
  ...{ id, organizationId, ownerId },
  ...sharing,
});

const changedFields = (input: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(input).filter((field) => input[field] !== undefined);
