import type { Gateway } from '../gateway.js';
import { answerLocally } from './answer-locally.js';
import { callUpstream } from './call-upstream.js';
import type { Answer, AuthorizedCall } from './calls.js';

/** Answers a request that may be answered: from what the gateway knows, or by its upstream. */
export const answerCall = (gateway: Gateway, call: AuthorizedCall): Answer | Promise<Answer> =>
  call.target === null ? answerLocally(gateway, call) : callUpstream(gateway, call);
