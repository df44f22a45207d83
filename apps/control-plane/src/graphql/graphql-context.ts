import type { CallContext, UserActor } from '#kernel';
import type { UnitOfWork } from '#persistence';
import type { BrowserSession } from '../sign-in/browser-session.js';
import { createLoaders, type Loaders } from './loaders.js';

/** What resolvers get as `@Context()`. Use cases get its `ctx` only. */
export class GraphqlContext {
  loaders: Loaders;

  constructor(
    public ctx: CallContext,
    readonly browser: BrowserSession,
    private readonly unitOfWork: UnitOfWork,
  ) {
    this.loaders = createLoaders(unitOfWork, ctx);
  }

  /** After a sign-in: the fields below it in the same operation speak for who just signed in. */
  become(actor: UserActor): void {
    this.ctx = { ...this.ctx, actor };
    this.loaders = createLoaders(this.unitOfWork, this.ctx);
  }
}
