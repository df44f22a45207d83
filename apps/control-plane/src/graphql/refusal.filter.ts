import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { GqlArgumentsHost, type GqlContextType } from '@nestjs/graphql';
import type { Response } from 'express';
import type { GraphQLResolveInfo } from 'graphql';
import { answerUnrouted } from '../http/answer-error.js';
import { RefusalLog } from '../refusals/refusal-log.js';
import { auditedAs } from './access-table.js';
import type { GraphqlContext } from './graphql-context.js';
import { MalformedInput } from './malformed-input.js';
import { refusedPayload, type RefusedPayload } from './payload.js';

/** The one place where a mutation that was refused or broke ends: it is put on record, then answered. */
@Catch()
export class RefusalFilter implements ExceptionFilter {
  constructor(private readonly refusals: RefusalLog) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<RefusedPayload | undefined> {
    if (host.getType<GqlContextType>() === 'graphql') return this.answer(error, GqlArgumentsHost.create(host));
    answerUnrouted(host.switchToHttp().getResponse<Response>(), error);
    return undefined;
  }

  /** An audit log that cannot be written fails the answer, too: nothing is refused unseen. */
  private async answer(error: unknown, host: GqlArgumentsHost): Promise<RefusedPayload> {
    const { parentType, fieldName } = host.getInfo<GraphQLResolveInfo>();
    if (parentType.name !== 'Mutation') throw error;
    const { ctx } = host.getContext<GraphqlContext>();
    const details = error instanceof MalformedInput ? { fields: error.problems.map(({ field }) => field) } : {};
    await this.refusals.operationRefused(ctx, auditedAs(fieldName), error, details);
    const payload = refusedPayload(error);
    if (payload === null) throw error;
    return payload;
  }
}
