// What the tool asks; `@apollo/generate-persisted-query-manifest` finds the same documents here.
import { gql } from "@apollo/client";

export const PIPELINE = gql`
  query Pipeline($first: Int!, $after: String) {
    opportunities(first: $first, after: $after) {
      edges {
        node {
          ...Row
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      totalCount
    }
  }
  fragment Row on Opportunity {
    id
    name
    status
    version
    expectedAmount {
      amount
      currency
    }
  }
`;

export const SAVE = gql`
  mutation Save($input: OpportunitySaveDraftInput!) {
    opportunitySaveDraft(input: $input) {
      opportunity {
        id
        name
        status
        version
      }
    }
  }
`;

export const DELETE = gql`
  mutation Delete($input: OpportunityInput!) {
    opportunityDeleteDraft(input: $input) {
      replayed
    }
  }
`;
