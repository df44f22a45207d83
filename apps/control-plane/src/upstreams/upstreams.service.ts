import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { assertCan, assertCanChange, can, type SharedObject } from '#authz';
import type { Config } from '#config';
import type { Era } from '#contracts';
import { sealSecret, type Keyring } from '#crypto';
import { DomainError, newId, notFound, type CallContext, type Page, type PageRequest } from '#kernel';
import { createAddressGuard, describeUrl, type AddressGuard } from '#outbound';
import { UnitOfWork, type Upstream, type WriteTransaction } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { findReadable, readableWhere } from '../access/find-readable.js';
import { organizationOf, userIdOf } from '../access/organization-of.js';
import { assertTeamReadable, decideSharing, type Sharing } from '../access/sharing.js';
import { CONFIG, KEYRING } from '../dependencies.js';
import { assertAllowedCommand, decideAddress, type Address } from './decide-address.js';
import { decideCredential, type CredentialDecision } from './decide-credential.js';
import { decideEra } from './decide-era.js';
import { decideHeaders, noHeaders, type StoredHeaders } from './decide-headers.js';
import { decideTimeouts } from './decide-timeouts.js';
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
    @Inject(CONFIG) private readonly config: Config,
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
    { slug, name, description, enabled, ...input }: z.output<typeof createUpstreamInput>,
  ): Promise<Upstream> {
    const sharing = decideSharing(input);
    const id = newId();
    const object = { id, organizationId: organizationOf(ctx), ownerId: userIdOf(ctx), ...sharing };
    assertCan(abilityOf(ctx), 'create', 'Upstream', object);
    await assertTeamReadable(ctx, tx, sharing);
    const address = decideAddress(input);
    this.assertReachable(ctx, address, object);
    const protocolEra = decideEra(input, address.transport);
    const { authHeader, secret } = decideCredential(input);
    const upstream = tx.upstreams.create(
      {
        ...{ slug, name, description: description ?? '', enabled: enabled ?? true, ownerId: object.ownerId },
        ...{ ...address, ...sharing, protocolEra, ...neverProbed },
        ...decideTimeouts(input, this.config.outbound),
        ...decideHeaders(input, authHeader),
        authHeader,
        authSecret: this.seal(ctx, id, secret),
      },
      id,
    );
    const details = { slug, ...told(address, protocolEra), ...sharing, hasCredential: Boolean(secret) };
    tx.report({ subjectId: id, details });
    return upstream;
  }

  private async change(
    ctx: CallContext,
    tx: WriteTransaction,
    input: z.output<typeof updateUpstreamInput>,
  ): Promise<{ upstream: Upstream; needsSync: boolean }> {
    const upstream = await findReadable(ctx, tx.upstreams, 'Upstream', input.id);
    assertCan(abilityOf(ctx), 'update', 'Upstream', upstream);
    const sharing = decideSharing(input, upstream);
    const after = attributesOf(upstream, sharing);
    assertCanChange(abilityOf(ctx), 'Upstream', upstream, after);
    if (sharing.teamId !== upstream.teamId) await assertTeamReadable(ctx, tx, sharing);
    const address = decideAddress(input, upstream);
    const moves = address.url !== upstream.url || address.command !== upstream.command;
    if (moves) this.assertReachable(ctx, address, after);
    const protocolEra = decideEra(input, address.transport, upstream.protocolEra);
    // Another transport or era at the same address gets the same credential, but what a check found is of the old one.
    const isOther = moves || address.transport !== upstream.transport || protocolEra !== upstream.protocolEra;
    const reached = reachedBy(input, address, upstream, moves);
    const wasEnabled = upstream.enabled;
    const { slug = upstream.slug, name = upstream.name, description = upstream.description } = input;
    const { enabled = upstream.enabled } = input;
    const timeouts = decideTimeouts(input, this.config.outbound, upstream);
    const { authHeader, secret, headers, forwardedHeaders } = reached;
    Object.assign(upstream, { slug, name, description, enabled, authHeader, headers, forwardedHeaders });
    Object.assign(upstream, address, sharing, timeouts, { protocolEra }, isOther ? neverProbed : {});
    if (secret !== undefined) upstream.authSecret = this.seal(ctx, input.id, secret);
    tx.report({ details: { changed: changedFields(input), ...(isOther ? told(address, protocolEra) : {}) } });
    const needsSync = enabled && (isOther || !wasEnabled || typeof secret === 'string' || reached.differs);
    return { upstream, needsSync };
  }

  /**
   * Names are looked up when they are dialled, so of addresses only literal ones can be refused here. A command needs a
   * right of its own, which is asked for first: the allow list is for those who may use it.
   */
  private assertReachable(ctx: CallContext, { url, command }: Address, object: SharedObject): void {
    if (command !== null) {
      assertMaySpawn(ctx, object);
      assertAllowedCommand(command, this.config.stdio.commands);
    }
    if (url === null) return;
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

/** @throws DomainError FORBIDDEN naming `command` */
function assertMaySpawn(ctx: CallContext, object: SharedObject): void {
  if (can(abilityOf(ctx), 'spawn', 'Upstream', object)) return;
  const text = 'You may not let an upstream run a command. Ask an owner or administrator of the organization to do it.';
  throw new DomainError('FORBIDDEN', text, { field: 'command', details: { subject: 'Upstream', action: 'spawn' } });
}

/** Credential and headers after the change; a process takes neither, so both go when an upstream becomes one. */
function reachedBy(
  input: z.output<typeof updateUpstreamInput>,
  address: Address,
  before: Upstream,
  moves: boolean,
): CredentialDecision & StoredHeaders & { readonly differs: boolean } {
  if (address.transport === 'STDIO') return { authHeader: null, secret: null, ...noHeaders, differs: false };
  const credential = decideCredential(input, before, moves);
  const headers = decideHeaders(input, credential.authHeader, before);
  return { ...credential, ...headers, differs: headers.headers !== before.headers };
}

/** What the audit log says about an address, and how it is spoken to. */
const told = ({ transport, url, command }: Address, protocolEra: Era | null) => ({
  transport,
  protocolEra: protocolEra ?? 'AUTO',
  ...(url === null ? { command } : { url: describeUrl(new URL(url)) }),
});

const attributesOf = ({ id, organizationId, ownerId }: Upstream, sharing: Sharing) => ({
  ...{ id, organizationId, ownerId },
  ...sharing,
});

const changedFields = (input: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(input).filter((field) => field !== 'id' && input[field] !== undefined);
