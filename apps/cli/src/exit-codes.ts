/** How the command ends; scripts rely on these numbers. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, notAuthenticated: 3, unreachable: 4 } as const;

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The paragraph below the help of every command. */
export const exitCodeHelp = '\nExit codes: 0 ok, 1 failed, 2 usage, 3 not authenticated, 4 unreachable.';
