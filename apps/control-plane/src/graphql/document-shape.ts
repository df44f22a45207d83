import {
  GraphQLError,
  Kind,
  type ASTVisitor,
  type FragmentDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { DomainError } from '#kernel';

interface Shape {
  readonly depth: number;
  readonly aliases: number;
}

const nothing: Shape = { depth: 0, aliases: 0 };

/**
 * Refuses documents that nest deeper, or alias more, than allowed: at the limit accepted, one more refused. Aliases inside
 * a fragment count for each use. Introspection has a setting of its own and is not measured.
 */
export function limitDocumentShape(limits: { readonly maxDepth: number; readonly maxAliases: number }): ValidationRule {
  return (context: ValidationContext): ASTVisitor => ({
    OperationDefinition(operation) {
      const { depth, aliases } = new ShapeReader(context).read(operation.selectionSet);
      if (depth > limits.maxDepth) {
        context.reportError(
          tooComplex(`The document nests ${depth} levels deep; at most ${limits.maxDepth} are allowed.`),
        );
      }
      if (aliases > limits.maxAliases) {
        context.reportError(
          tooComplex(`The document has ${aliases} aliases; at most ${limits.maxAliases} are allowed.`),
        );
      }
    },
  });
}

/** A refusal for what the document asks for, before anything ran. */
export const tooComplex = (message: string): GraphQLError =>
  new GraphQLError(message, {
    originalError: new DomainError('QUERY_TOO_COMPLEX', message),
    extensions: { http: { status: 400 } },
  });

/** Reads each fragment once, so that a chain of doubling fragments costs no more than its length. */
class ShapeReader {
  private readonly known = new Map<string, Shape>();

  constructor(private readonly context: ValidationContext) {}

  read(set: SelectionSetNode): Shape {
    let { depth, aliases } = nothing;
    for (const selection of set.selections) {
      const shape = this.readSelection(selection);
      depth = Math.max(depth, shape.depth);
      aliases += shape.aliases;
    }
    return { depth, aliases };
  }

  private readSelection(selection: SelectionSetNode['selections'][number]): Shape {
    if (selection.kind === Kind.INLINE_FRAGMENT) return this.read(selection.selectionSet);
    if (selection.kind === Kind.FRAGMENT_SPREAD)
      return this.readFragment(this.context.getFragment(selection.name.value));
    const own = selection.alias ? 1 : 0;
    const isIntrospection = selection.name.value.startsWith('__');
    const inner = selection.selectionSet && !isIntrospection ? this.read(selection.selectionSet) : nothing;
    return { depth: 1 + inner.depth, aliases: own + inner.aliases };
  }

  private readFragment(fragment: FragmentDefinitionNode | null | undefined): Shape {
    if (!fragment) return nothing;
    const known = this.known.get(fragment.name.value);
    if (known) return known;
    // A fragment that leads back to itself is refused by another rule; here it only must not loop.
    this.known.set(fragment.name.value, nothing);
    const shape = this.read(fragment.selectionSet);
    this.known.set(fragment.name.value, shape);
    return shape;
  }
}
