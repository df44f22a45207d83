import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { issueApiToken } from '#authn';
import { assertCan, assertMayIssue } from '#authz';
import type { Config } from '#config';
import { apiTokenScopes } from '#contracts';
import { hashToken, tokenSigningKey, type Keyring, type SigningKey } from '#crypto';
import { newId, notFound, type CallContext, type Page, type PageRequest } from '#kernel';
import { UnitOfWork, type ApiToken, type WriteTransaction } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { findReadable, readableWhere } from '../access/find-readable.js';
import { organizationOf, userIdOf } from '../access/organization-of.js';
import { CONFIG, KEYRING, PUBLIC_URLS, type PublicUrls } from '../dependencies.js';
import type { createApiTokenInput } from './api-token.types.js';
import { tokenExpiry } from './token-expiry.js';
import { tokenRateLimit } from './token-rate-limit.js';

/** A new token: the row, and the secret that nobody can read again. */
export interface IssuedToken {
  readonly apiToken: ApiToken;
  readonly secret: string;
}

/** Use cases of API tokens. */
@Injectable()
export class TokensService {
  private readonly signingKey: SigningKey;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(KEYRING) keyring: Keyring,
    @Inject(PUBLIC_URLS) private readonly publicUrls: PublicUrls,
  ) {
    this.signingKey = tokenSigningKey(keyring);
  }

  page(ctx: CallContext, request: PageRequest): Promise<Page<ApiToken>> {
    return this.unitOfWork.read(ctx, (tx) => tx.apiTokens.page(readableWhere(ctx, 'ApiToken'), request));
  }

  /** The token that this request came with; every token may see itself, whatever its scopes. */
  async current(ctx: CallContext): Promise<ApiToken | null> {
    const tokenId = ctx.actor.kind === 'user' ? ctx.actor.tokenId : null;
    if (tokenId === null) return null;
    return this.unitOfWork.read(ctx, (tx) => tx.apiTokens.find(tokenId, { userId: userIdOf(ctx) }));
  }

  /** Only a hash and the last four characters are stored. */
  create(ctx: CallContext, input: z.output<typeof createApiTokenInput>): Promise<IssuedToken> {
    const { name, virtualServerId = null } = input;
    const scopes = [...new Set(input.scopes ?? apiTokenScopes)];
    return this.unitOfWork.write(ctx, { action: 'apiToken.create', subjectType: 'ApiToken' }, async (tx) => {
      const owner = { organizationId: organizationOf(ctx), userId: userIdOf(ctx) };
      assertCan(abilityOf(ctx), 'create', 'ApiToken', owner);
      assertMayIssue(ctx.actor, { scopes, virtualServerId });
      if (virtualServerId !== null) await assertExecutable(ctx, tx, virtualServerId);
      const parent = await ownToken(ctx, tx);
      const { tokenMaxTtl, tokenMaxRate } = this.config.auth;
      const expiresAt = tokenExpiry(input.expiresAt, ctx.clock.now(), tokenMaxTtl, parent?.expiresAt ?? null);
      const limit = tokenRateLimit(input.rateLimit, tokenMaxRate, parent);
      const id = newId();
      const secret = await this.sign(ctx, { ...owner, tokenId: id, scopes, expiresAt });
      const row = { userId: owner.userId, name, scopes, virtualServerId, expiresAt, revokedAt: null, ...limit };
      const apiToken = tx.apiTokens.create({ ...row, tokenHash: hashToken(secret), hint: secret.slice(-4) }, id);
      const details = { name, scopes, virtualServerId, expiresAt: expiresAt.toISOString(), ...limit };
      tx.report({ subjectId: id, details });
      return { apiToken, secret };
    });
  }

  /** Every gateway refuses the token within a second. Revoking again changes nothing. */
  revoke(ctx: CallContext, { id }: { id: string }): Promise<ApiToken> {
    const operation = { action: 'apiToken.revoke', subjectType: 'ApiToken', subjectId: id };
    return this.unitOfWork.write(ctx, operation, async (tx) => {
      const token = await findReadable(ctx, tx.apiTokens, 'ApiToken', id);
      assertCan(abilityOf(ctx), 'delete', 'ApiToken', token);
      const { name, userId, revokedAt } = token;
      token.revokedAt = revokedAt ?? new Date(ctx.clock.now());
      tx.report({ details: { name, userId, again: revokedAt !== null } });
      return token;
    });
  }

  private sign(
    ctx: CallContext,
    grant: Pick<Parameters<typeof issueApiToken>[0], 'organizationId' | 'userId' | 'tokenId' | 'scopes' | 'expiresAt'>,
  ): Promise<string> {
    const { controlPlane: issuer, gateway: audience } = this.publicUrls;
    return issueApiToken({ ...grant, issuer, audience, issuedAt: new Date(ctx.clock.now()) }, this.signingKey);
  }
}

async function assertExecutable(ctx: CallContext, tx: WriteTransaction, id: string): Promise<void> {
  const server = await findReadable(ctx, tx.virtualServers, 'VirtualServer', id);
  assertCan(abilityOf(ctx), 'execute', 'VirtualServer', server);
}

/** The token that the request came with; null for a session. */
async function ownToken({ actor }: CallContext, tx: WriteTransaction): Promise<ApiToken | null> {
  if (actor.kind !== 'user' || actor.tokenId === null) return null;
  const own = await tx.apiTokens.find(actor.tokenId);
  // It was there when the request began, and went with its virtual server since.
  if (own === null) throw notFound('ApiToken');
  return own;
}
