import {
  getNamedType,
  isListType,
  isObjectType,
  isInterfaceType,
  getNullableType,
  Kind,
  valueFromASTUntyped,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** How many objects a connection holds when the query does not say. */
export const defaultPageSize = 50;

/** What a list without page arguments (roles, scopes' objects) is taken for. */
const plainListSize = 10;

type Variables = Readonly<Record<string, unknown>>;

/**
 * How many objects a valid operation may return at most: a connection counts its page size times (1 + what each of its
 * nodes asks for), another list of objects ten times that; single objects and scalars count nothing of their own.
 * Fragments are counted once and reused, so that a small document cannot make the counting long.
 */
export function documentCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  given: Variables,
): number {
  const fragments = new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
    ),
  );
  const counter = new CostCounter(schema, fragments, withDefaults(operation, given));
  const root = schema.getRootType(operation.operation);
  return root ? counter.selectionCost(operation.selectionSet, root) : 0;
}

function withDefaults(operation: OperationDefinitionNode, given: Variables): Variables {
  const defaults = (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)] as const] : [],
  );
  return { ...Object.fromEntries(defaults), ...given };
}

class CostCounter {
  private readonly known = new Map<string, number>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    private readonly variables: Variables,
  ) {}

  selectionCost(set: SelectionSetNode, parent: GraphQLNamedType): number {
    let cost = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) cost += this.fieldCost(selection, parent);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) cost += this.fragmentCost(selection.name.value);
      else
        cost += this.selectionCost(
          selection.selectionSet,
          this.typeNamed(selection.typeCondition?.name.value) ?? parent,
        );
    }
    return cost;
  }

  private fragmentCost(name: string): number {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const fragment = this.fragments.get(name);
    const type = this.typeNamed(fragment?.typeCondition.name.value);
    const cost = fragment && type ? this.selectionCost(fragment.selectionSet, type) : 0;
    this.known.set(name, cost);
    return cost;
  }

  private fieldCost(field: FieldNode, parent: GraphQLNamedType): number {
    const definition =
      isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[field.name.value] : undefined;
    if (!definition || !field.selectionSet) return 0;
    const type = getNamedType(definition.type);
    const inner = this.selectionCost(field.selectionSet, type);
    if (definition.args.some(({ name }) => name === 'first')) return this.pageSize(field) * (1 + inner);
    const isPlainList = isListType(getNullableType(definition.type)) && !parent.name.endsWith('Connection');
    return isPlainList ? plainListSize * (1 + inner) : inner;
  }

  private pageSize(field: FieldNode): number {
    for (const argument of field.arguments ?? []) {
      if (argument.name.value !== 'first' && argument.name.value !== 'last') continue;
      const size = valueFromASTUntyped(argument.value, this.variables);
      if (typeof size === 'number') return Math.max(0, size);
    }
    return defaultPageSize;
  }

  private typeNamed(name: string | undefined): GraphQLNamedType | undefined {
    return name === undefined ? undefined : this.schema.getType(name);
  }
}
