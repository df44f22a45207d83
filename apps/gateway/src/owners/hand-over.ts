import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { PeerExchange, PeerPool, PeerRequest } from '#outbound';
import { constantTimeEqual } from '#crypto';
import type { Exchange } from '../http/exchange.js';
import { proofHeader } from './hop-signature.js';

/**
 * How it went: `done`: the answer was piped to its end, or its client has gone. Otherwise the client was sent nothing:
 * `unsendable`: it is no request that can be sent on; `unreachable`: nobody listens there; `unproven`: somebody else does, or will not serve this; `broken`: the connection
 * ended before the answer began; `ended`: by `end()`.
 */
export type HandOverOutcome = 'done' | 'unsendable' | 'unreachable' | 'unproven' | 'broken' | 'ended';

/** One request that is being handed over. */
export interface HandOver {
  readonly outcome: Promise<HandOverOutcome>;
  readonly isAnswered: boolean;
  /** Ends the answer here and now. */
  end(): void;
}

const ofConnection = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date', proofHeader]);

function passedOn(headers: IncomingHttpHeaders, isDraining: boolean): OutgoingHttpHeaders {
  const passed: OutgoingHttpHeaders = isDraining ? { connection: 'close' } : {};
  for (const [name, value] of Object.entries(headers)) if (!ofConnection.has(name)) passed[name] = value;
  return passed;
}

const proves = (headers: IncomingHttpHeaders, proof: string): boolean => {
  const given = headers[proofHeader];
  return typeof given === 'string' && constantTimeEqual(given, proof);
};

/**
 * Sends a request to its owner and pipes the answer to the client as it comes, no faster than the client reads. A client
 * that goes away takes the request with it. An answer without the owner's proof is not believed and not passed on.
 */
export function handOver(
  peers: PeerPool,
  authority: string,
  request: PeerRequest,
  { proof, isDraining, exchange: { response } }: { proof: string; isDraining: () => boolean; exchange: Exchange },
): HandOver {
  let isAnswered = false;
  let isUnproven = false;
  let settle: (outcome: HandOverOutcome) => void;
  const outcome = new Promise<HandOverOutcome>((resolve) => (settle = resolve));
  const finish = (how: HandOverOutcome) => {
    response.off('close', onClose);
    settle(isAnswered ? 'done' : how);
  };
  const onClose = () => {
    finish('done');
    peer.cancel();
  };
  response.once('close', onClose);
  const peer: PeerExchange = peers.send(authority, request, {
    head: (status, headers) => {
      isUnproven = !proves(headers, proof);
      if (isUnproven) return false;
      isAnswered = true;
      response.writeHead(status, passedOn(headers, isDraining()));
      // An event stream may say nothing for minutes, and its client waits for the headers.
      response.flushHeaders();
      return true;
    },
    data: (chunk) => {
      if (response.write(chunk)) return true;
      response.once('drain', () => peer.resume());
      return false;
    },
    end: () => {
      finish('done');
      response.end();
    },
    failed: (_error, how) => {
      finish(isUnproven ? 'unproven' : how);
      // The client must notice that the answer is not whole.
      if (isAnswered) response.destroy();
    },
  });
  return {
    outcome,
    get isAnswered() {
      return isAnswered;
    },
    end: () => {
      finish('ended');
      if (isAnswered) response.end();
      // Whatever the cut connection reports now comes too late to be heard.
      isAnswered = false;
      peer.cancel();
    },
  };
}
