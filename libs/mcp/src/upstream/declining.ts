import type { ServerMessages } from './upstream-link.js';

/**
 * Answers an upstream like a client whose user says no, at once: for readings that declare what a client can be asked
 * and have nobody to ask (2025-11-25, Sampling, Elicitation, Roots).
 */
export const declining: ServerMessages = {
  notification: () => undefined,
  request: ({ message: { method } }) => {
    if (method === 'roots/list') return Promise.resolve({ result: '{"roots":[]}' });
    if (method === 'elicitation/create') return Promise.resolve({ result: '{"action":"decline"}' });
    const code = method === 'sampling/createMessage' ? -1 : -32601;
    return Promise.resolve({ error: JSON.stringify({ code, message: 'Declined: only the catalogue is being read.' }) });
  },
};
