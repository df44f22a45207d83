import type { CallContext } from '#kernel';
import type { BrowserSession } from '../sign-in/browser-session.js';
import type { Loaders } from './loaders.js';

/**
 * What resolvers get as `@Context()`. Use cases get `ctx` only. `signIn` and `signOut` replace `ctx` and `loaders`, so that
 * the rest of the same operation speaks for the new actor.
 */
export interface GraphqlContext {
  ctx: CallContext;
  loaders: Loaders;
  readonly browser: BrowserSession;
}
