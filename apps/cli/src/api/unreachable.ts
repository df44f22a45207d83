import { DomainError } from '#kernel';
import { CommandFailure } from '../command-failure.js';
import { exitCodes } from '../exit-codes.js';

const reasons: Readonly<Record<string, string>> = {
  UPSTREAM_REFUSED: 'the connection was refused',
  UPSTREAM_UNREACHABLE: 'the host cannot be found or routed to',
  UPSTREAM_TIMEOUT: 'it did not answer in time',
  UPSTREAM_TLS: 'the TLS handshake failed',
  UPSTREAM_REDIRECT: 'it answers with a redirect; use the final address',
};

/** Exit code 4 for a control plane that does not answer, in words about the control plane and not about upstreams. */
export function unreachable(url: string, cause: unknown): CommandFailure {
  const reason =
    cause instanceof DomainError ? (reasons[cause.code] ?? cause.message.replace(/\.$/, '')) : 'the connection failed';
  return new CommandFailure(
    exitCodes.unreachable,
    {
      code: 'UNREACHABLE',
      message: `The control plane at ${url} cannot be reached: ${reason}.`,
      remedy: 'Check that the server runs (`gatehouse serve`) and that --url, GATEHOUSE_URL or the profile names it.',
    },
    cause,
  );
}
