import { Field, Float, Int, ObjectType } from '@nestjs/graphql';

@ObjectType({ description: 'One thing that is wrong with the log.' })
export class AuditProblem {
  @Field(() => String, { description: 'For example EDITED, MISSING_RECORDS or CHECKPOINT_MISMATCH.' })
  kind!: string;
  @Field(() => String, { nullable: true })
  writer!: string | null;
  @Field(() => String, { nullable: true })
  epoch!: string | null;
  @Field(() => Float, { nullable: true })
  sequence!: number | null;
  @Field(() => String)
  message!: string;
}

@ObjectType({ description: 'Whether the log is whole and unchanged.' })
export class AuditVerification {
  @Field(() => Boolean)
  valid!: boolean;
  @Field(() => Int)
  checkedEvents!: number;
  @Field(() => [AuditProblem], { description: 'The first thousand.' })
  problems!: AuditProblem[];
}
