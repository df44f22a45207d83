import type { CliEnvironment } from '#config';
import { createApi, type Api } from './api/create-api.js';
import { exitCodes } from './exit-codes.js';
import type { Output } from './output.js';
import { ProfileStore } from './profile/profile-store.js';
import { resolveConnection } from './profile/resolve-connection.js';
import type { TerminalStreams } from './terminal/ask.js';

/** What every command gets. */
export interface CliContext {
  readonly env: CliEnvironment;
  readonly out: Output;
  readonly terminal: TerminalStreams;
  readonly profiles: ProfileStore;
  readonly version: string;
  /** The API as the signed-in user; the same one at every call. @throws CommandFailure (not authenticated) */
  connect(): Api;
  /** An API with headers of its own, for signing in. */
  open(url: string, headers: Readonly<Record<string, string>>, onAnswer?: (headers: Headers) => void): Api;
  /** Ends the command with this code although nothing went wrong with it, for example after a check that found faults. */
  endWith(exitCode: number): void;
  /** What {@link endWith} said; 0 without it. */
  exitCode(): number;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** What {@link createCliContext} needs from the process. */
export interface CliProcess {
  readonly env: CliEnvironment;
  readonly out: Output;
  readonly terminal: TerminalStreams;
  readonly version: string;
}

/** The context of one run of the command. */
export function createCliContext({ env, out, terminal, version }: CliProcess): CliContext {
  const profiles = new ProfileStore(env.configHome);
  const opened: Api[] = [];
  let connected: Api | null = null;
  let ending: number = exitCodes.ok;
  const context: CliContext = {
    env,
    out,
    terminal,
    profiles,
    version,
    open(url, headers, onAnswer) {
      const api = createApi({ url, userAgent: `gatehouse-cli/${version}`, headers, onAnswer });
      opened.push(api);
      return api;
    },
    connect() {
      if (connected) return connected;
      const { url, token } = resolveConnection(env, profiles);
      if (env.token === undefined && profiles.isExposed())
        out.note(`warning: ${profiles.file} can be read by others; run \`chmod 600\` on it.`);
      connected = context.open(url, { authorization: `Bearer ${token}` });
      return connected;
    },
    endWith: (exitCode) => void (ending = exitCode),
    exitCode: () => ending,
    close: async () => {
      await Promise.all(opened.map((api) => api.close()));
    },
  };
  return context;
}
