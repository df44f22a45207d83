import type { UpstreamTransport } from '#contracts';
import { DomainError } from '#kernel';

/** How an upstream is reached. */
export interface Address {
  readonly transport: UpstreamTransport;
  /** Null exactly for STDIO. */
  readonly url: string | null;
  /** The name of a command in the operator's allow list; null unless STDIO. */
  readonly command: string | null;
  /** One process for everyone; false unless STDIO. */
  readonly shared: boolean;
}

/** What an input may say about it; absent means as before. */
export interface AddressInput {
  readonly transport?: UpstreamTransport | null | undefined;
  readonly url?: string | null | undefined;
  readonly command?: string | null | undefined;
  readonly shared?: boolean | null | undefined;
  readonly authHeader?: string | null | undefined;
  readonly authSecret?: string | null | undefined;
  readonly headers?: readonly unknown[] | null | undefined;
  readonly forwardedHeaders?: readonly unknown[] | null | undefined;
}

const refuse = (field: string, text: string) => new DomainError('BAD_USER_INPUT', `${field} ${text}`, { field });

/**
 * Puts an input over the stored address. Changing the transport drops what only the other kind has.
 * @throws DomainError BAD_USER_INPUT naming the field that does not go with the transport, or is missing for it
 */
export function decideAddress(input: AddressInput, before: Address | null = null): Address {
  const transport = input.transport ?? before?.transport ?? 'STREAMABLE_HTTP';
  return transport === 'STDIO' ? stdioAddress(input, before) : httpAddress(transport, input, before);
}

function stdioAddress(input: AddressInput, before: Address | null): Address {
  if (input.url) throw refuse('url', 'does not go with STDIO: such an upstream has a command instead.');
  for (const field of ['authHeader', 'authSecret'] as const) {
    if (input[field]) {
      throw refuse(field, 'does not go with STDIO: the operator gives a process its credential, in the allow list.');
    }
  }
  for (const field of ['headers', 'forwardedHeaders'] as const) {
    if (input[field]?.length) throw refuse(field, 'do not go with STDIO: a process is sent no headers.');
  }
  const command = input.command ?? before?.command ?? null;
  if (command === null) throw refuse('command', 'is missing: STDIO needs the name of a command in the allow list.');
  return { transport: 'STDIO', url: null, command, shared: input.shared ?? before?.shared ?? false };
}

function httpAddress(transport: UpstreamTransport, input: AddressInput, before: Address | null): Address {
  if (input.command) throw refuse('command', 'goes with STDIO only; leave it out, or set transport to STDIO.');
  if (input.shared) throw refuse('shared', 'goes with STDIO only; leave it out, or set transport to STDIO.');
  const url = input.url ?? before?.url ?? null;
  if (url === null) throw refuse('url', `is missing: ${transport} needs the address of the MCP endpoint.`);
  return { transport, url, command: null, shared: false };
}

/**
 * @param commands the operator's allow list, by name
 * @throws DomainError COMMAND_NOT_ALLOWED
 */
export function assertAllowedCommand(command: string, commands: Readonly<Record<string, unknown>>): void {
  if (Object.hasOwn(commands, command)) return;
  const text = `command "${command}" is not in the allow list; an operator adds it to the file named by GATEHOUSE_STDIO_COMMANDS.`;
  throw new DomainError('COMMAND_NOT_ALLOWED', text, { field: 'command', details: { command } });
}
