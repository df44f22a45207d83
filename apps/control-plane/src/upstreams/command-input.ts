import { z } from 'zod';

/**
 * The name of a command in the operator's allow list. Names only: what a shell would take apart (`sh -c …`), a path or
 * an argument is refused before anybody looks for it.
 */
export const commandName = () =>
  z
    .string('must be text')
    .trim()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
      'must be the name of a command in the allow list of the operator (letters, digits, ".", "_", "-"), never a command line or a path',
    );
