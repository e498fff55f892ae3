# One question to Azure Policy a line, about each resource that rules are mostly made for.
#
# $template, $deployment of deployment.jq, $region, $base (the first part of all names). What only
# Azure can work out is left out; what decides about a rule, and is worked out, is put in.

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
