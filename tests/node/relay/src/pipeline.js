// What the tool asks; only the compiler reads this file, the tool runs what it makes of it.
import { graphql } from "relay-runtime";

export const query = graphql`
  query pipelineQuery($first: Int!) {
    ...pipeline_list @arguments(first: $first)
  }
`;

export const list = graphql`
  fragment pipeline_list on Query
  @refetchable(queryName: "pipelineListRefetchQuery")
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "String" }) {
    opportunities(first: $first, after: $after) @connection(key: "pipeline_opportunities") {
      edges {
        node {
          id
          name
          status
          expectedAmount {
            amount
            currency
          }
        }
      }
      totalCount
    }
  }
`;

export const one = graphql`
  fragment pipeline_one on Opportunity @refetchable(queryName: "pipelineOneRefetchQuery") {
    id
    name
    status
    version
  }
`;

export const save = graphql`
  mutation pipelineSaveMutation($input: OpportunitySaveDraftInput!) {
    opportunitySaveDraft(input: $input) {
      opportunity {
        id
        ...pipeline_one
      }
    }
  }
`;

export const remove = graphql`
  mutation pipelineDeleteMutation($input: OpportunityInput!) {
    opportunityDeleteDraft(input: $input) {
      replayed
    }
  }
`;
