# Queries for Azure Policy, one on each line, about the resources that rules usually concern.
#
# Takes $template, $deployment (the output of deployment.jq), $region and $base (the first part of
# all names). Leaves out expressions, except that those that matter to rules are computed here.

def literal:
    if type == "object" then
        with_entries(select((.value | type) != "string" or (.value | startswith("[") | not)) | select(.key != "copy") | .value |= literal)
    elif type == "array" then map(select(type != "string" or (startswith("[") | not)) | literal)
    else . end;

$deployment[0] as $d
| (if ($d.values.administratorAddresses // []) == [] then "Disabled" else "Enabled" end) as $access
| {
    storage: {
        worked_out: {kind: $d.storage_kind, sku: {name: $d.storage_sku}, properties: {publicNetworkAccess: $access}},
        field: "Microsoft.Storage/storageAccounts/allowSharedKeyAccess", value: "true"
    },
    vault: {worked_out: {properties: {publicNetworkAccess: $access}}},
    database: {worked_out: {
        sku: {name: $d.size.databaseSku, tier: $d.size.databaseTier}, properties: {version: $d.values.databaseVersion}
    }},
    plan: {worked_out: {sku: {name: $d.size.planSku, capacity: $d.size.minimumInstances}, properties: {reserved: true}}},
    app: {worked_out: {}, field: "Microsoft.Web/sites/publicNetworkAccess", value: "Enabled"},
    registry: {worked_out: {}, field: "Microsoft.ContainerRegistry/registries/publicNetworkAccess", value: "Enabled"}
  }
| to_entries[] | .value as $asked
| $template[0].resources[.key] | select(.) | . as $resource
| select(any($d.types[]; .type == $resource.type))
| {
    resourceDetails: {
        resourceContent: (
            ($resource | {type, kind, sku, properties} | with_entries(select(.value != null)) | literal)
            * $asked.worked_out
            + {location: $region, tags: ({application: "kolibri", deployment: $base} + ($d.values.tags // {}))}
        ),
        apiVersion: $resource.apiVersion
    },
    pendingFields: (if $asked.field then [{field: $asked.field, values: [$asked.value]}] else [] end)
  }
