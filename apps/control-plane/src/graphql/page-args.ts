import { Inject, Injectable, type PipeTransform } from '@nestjs/common';
import { ArgsType, Field, Int } from '@nestjs/graphql';
import type { Config } from '#config';
import { DomainError, type PageRequest } from '#kernel';
import { CONFIG } from '../dependencies.js';
import { defaultPageSize } from './document-cost.js';

/** The arguments of every connection field. */
@ArgsType()
export class PageArgs implements PageRequest {
  @Field(() => Int, { nullable: true, description: 'How many, from the start. Default 50.' })
  first?: number | null;
  @Field(() => String, { nullable: true, description: 'Only what follows this cursor.' })
  after?: string | null;
  @Field(() => Int, { nullable: true, description: 'How many, from the end.' })
  last?: number | null;
  @Field(() => String, { nullable: true, description: 'Only what precedes this cursor.' })
  before?: string | null;
}

const refuse = (field: string, text: string) => new DomainError('BAD_USER_INPUT', `${field} ${text}`, { field });

/** Checks the bounds of {@link PageArgs} and fills in the default: `@Args(PagePipe) page: PageArgs`. */
@Injectable()
export class PagePipe implements PipeTransform<PageArgs, PageArgs> {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  transform(args: PageArgs): PageArgs {
    const { first, last, after, before } = args;
    if (first != null && last != null) throw refuse('last', 'and first exclude each other; give one of them.');
    if (last != null && after != null) throw refuse('after', 'goes with first; with last use before.');
    if (last == null && before != null) throw refuse('before', 'goes with last; with first use after.');
    for (const [field, size] of Object.entries({ first, last })) this.checkSize(field, size);
    if (first == null && last == null) args.first = Math.min(defaultPageSize, this.max);
    return args;
  }

  private checkSize(field: string, size: number | null | undefined): void {
    if (size != null && (size < 1 || size > this.max)) throw refuse(field, `must lie between 1 and ${this.max}.`);
  }

  private get max(): number {
    return this.config.graphql.maxPageSize;
  }
}
