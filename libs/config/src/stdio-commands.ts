import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** A program that stdio upstreams may name. It is started without a shell. */
export interface StdioCommand {
  /** A path, or a name that is looked up in `PATH`. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Absolute; null: the working directory of this program. */
  readonly cwd: string | null;
}

/** What an allow list may call a command; upstreams hold such names, never command lines. */
const commandName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const mostBytes = 1024 * 1024;

const argument = z.string('must be text').refine((value) => !value.includes('\0'), 'must not hold a NUL');

const command: z.ZodType<StdioCommand> = z.strictObject(
  {
    command: argument.min(1, 'must not be empty'),
    args: z.array(argument, 'must be a list of texts').default([]),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be names of variables'), argument, 'must be an object')
      .default({}),
    cwd: argument
      .refine((value) => path.isAbsolute(value), 'must be an absolute path')
      .nullable()
      .default(null),
  },
  {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys'
        ? `has unknown members: ${(keys ?? []).join(', ')}`
        : 'must be an object such as { "command": "…", "args": [] }',
  },
);

const allowList = z.record(
  z
    .string()
    .regex(
      commandName,
      'is no name of a command: letters, digits, ".", "_" and "-", beginning with a letter or digit, at most 100 characters',
    ),
  command,
  'must be a JSON object: name → { command, args, env, cwd }',
);

/** The allow list in a file. Every problem is told; values of variables, which may be secrets, never are. */
export const stdioCommands = () =>
  z
    .string()
    .optional()
    .transform((file, context): Readonly<Record<string, StdioCommand>> => {
      if (file === undefined) return Object.freeze({});
      const content = readJson(file);
      const parsed = 'value' in content ? allowList.safeParse(content.value) : null;
      if (parsed?.success) return Object.freeze(parsed.data);
      if ('problem' in content) context.addIssue(content.problem);
      for (const { path: at, message } of (parsed?.error.issues ?? []).flatMap(explained)) {
        context.addIssue(
          `${file}: ${at.length === 0 ? 'the file' : at.map((part) => `"${String(part)}"`).join('.')} ${message}`,
        );
      }
      return z.NEVER;
    });

/** Zod wraps what is wrong with a key; the name is what the reader looks for. */
const explained = (issue: z.core.$ZodIssue): readonly Pick<z.core.$ZodIssue, 'path' | 'message'>[] =>
  issue.code === 'invalid_key' ? issue.issues.map(({ message }) => ({ path: issue.path, message })) : [issue];

function readJson(file: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.length > mostBytes) return { problem: `names a file of more than ${mostBytes} bytes: ${file}` };
    return { value: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: `names a file that is not JSON: ${file}` };
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return { problem: `names a file that cannot be read (${code}): ${file}` };
  }
}
