import { Injectable } from '@nestjs/common';
import type { Subject } from '#authz';
import type { CallContext, Page, PageRequest } from '#kernel';
import { UnitOfWork, type ReadTransaction, type Repository } from '#persistence';
import { readableWhere } from '../access/find-readable.js';

/** Lists what upstreams offer. Nothing here writes: the catalogue changes by syncs alone. */
@Injectable()
export class CatalogService {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** The readable objects of one kind; with `upstreamId`, those of that upstream. A hidden upstream has none. */
  page<T extends { id: string }>(
    ctx: CallContext,
    subject: Extract<Subject, 'Tool' | 'Resource' | 'ResourceTemplate' | 'Prompt'>,
    repositoryOf: (tx: ReadTransaction) => Repository<T>,
    request: PageRequest,
    upstreamId: string | null | undefined,
  ): Promise<Page<T>> {
    const ofUpstream = upstreamId ? [{ upstream: upstreamId }] : [];
    const where = { $and: [...ofUpstream, readableWhere(ctx, subject)] };
    return this.unitOfWork.read(ctx, (tx) => repositoryOf(tx).page(where, request));
  }
}
