/** How a call ended, in the words of its audit record. */
export type CallOutcome = 'allowed' | 'denied' | 'failed';
