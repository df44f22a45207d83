import type { Response } from 'express';
import type { CallContext } from '#kernel';
import type { BrowserSession } from '../sign-in/browser-session.js';

/** What the steps before GraphQL found out about a request. */
export interface RequestState {
  readonly ctx: CallContext;
  readonly browser: BrowserSession;
}

const states = new WeakMap<Response, RequestState>();

/** Keeps what is known of the request of this response. */
export const keepRequestState = (res: Response, state: RequestState): void => void states.set(res, state);

/** What `identify` kept; a route that is not behind it has none, which is a fault of the program. */
export function requestStateOf(res: Response): RequestState {
  const state = states.get(res);
  if (!state) throw new Error('This route is not behind identify.');
  return state;
}
