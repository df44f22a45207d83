import { Injectable } from '@nestjs/common';
import type { CallContext } from '#kernel';
import { UnitOfWork } from '#persistence';
import { RequestLoader } from '../graphql/request-loader.js';

/** How often a token was used, and when last. */
export interface TokenUsage {
  readonly lastUsedAt: Date | null;
  readonly calls: number;
}

interface UsageRow {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly lastUsed: number;
  readonly calls: number;
}

const never: TokenUsage = { lastUsedAt: null, calls: 0 };

/** Reads the usage of the tokens of one answer together; it lies apart from the tokens. */
@Injectable()
export class TokenUsages {
  private readonly loader = new RequestLoader<string, TokenUsage>((ctx, ids) => this.read(ctx, ids));

  constructor(private readonly unitOfWork: UnitOfWork) {}

  find(ctx: CallContext, tokenId: string): Promise<TokenUsage> {
    return this.loader.find(ctx, tokenId);
  }

  private async read(ctx: CallContext, ids: readonly string[]): Promise<TokenUsage[]> {
    const rows = await this.unitOfWork.read(ctx, (tx) =>
      tx.sql.query<UsageRow>(
        `select token_id as id, calls::float8 as calls, (extract(epoch from last_used_at) * 1000)::float8 as "lastUsed"
         from api_token_usages where token_id = any($1::uuid[])`,
        [ids],
      ),
    );
    const byId = new Map(rows.map(({ id, lastUsed, calls }) => [id, { lastUsedAt: new Date(lastUsed), calls }]));
    return ids.map((id) => byId.get(id) ?? never);
  }
}
