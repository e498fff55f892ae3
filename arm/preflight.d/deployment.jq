# Describes the deployment, from $template, the parameters file $file and the $region.

# Azure ignores the case of parameters' names.
def spelled($names):
    . as $given | first($names[] | select(ascii_downcase == ($given | ascii_downcase))) // $given;

$template[0] as $t
| ($t.parameters | keys) as $names
| ($file[0].parameters | with_entries(.key |= spelled($names) | .value |= (if type == "object" then .value else null end))) as $given
| (($t.parameters | map_values(.defaultValue)) + $given) as $values
| (if $values.sizeOverrides | type == "object" then $values.sizeOverrides else {} end) as $overrides
| (if $t.variables.sizes
    then ($t.variables.sizes[$values.size | tostring] // {}) + $overrides
    else {planSku: $values.planSku, minimumInstances: 1, maximumInstances: 1, stagingSlot: false}
  end) as $size
| ($values.imageSource // "own") as $source
# Features that are switched off need no service.
| {
    "Microsoft.Authorization/locks": $values.deleteLocks,
    "Microsoft.Cdn": ($values.frontDoor != "none"),
    "Microsoft.Consumption": (($values.budgetAmount // 0) != 0),
    "Microsoft.ContainerRegistry": ($source == "build"),
    "Microsoft.RecoveryServices": $values.backupShares
  } as $wanted
| [
    $t.resources | .. | objects
    | select((.type | type) == "string" and (.apiVersion | type) == "string")
    | {type, apiVersion}
    | select($wanted[.type] != false and $wanted[.type | split("/")[0]] != false)
  ] as $types
| {
    values: $values,
    size: $size,
    name: ($values.name // "" | tostring | ascii_downcase),
    types: ($types | unique),
    namespaces: ([$types[].type | split("/")[0]] | unique),
    has_zones: ($values.useAvailabilityZones == true),
    storage_sku: "\(if $values.storagePerformance == "premium" then "Premium" else "Standard" end)_\(if $values.useAvailabilityZones then "ZRS" else "LRS" end)",
    storage_kind: (if $values.storagePerformance == "premium" then "FileStorage" else "StorageV2" end),
    source: $source,
    refs: ([$values.ref, if $size.stagingSlot then $values.stagingRef else empty end]
        | map(select(. != null and . != "")) | unique),
    images: ([$values.image, if $size.stagingSlot then $values.stagingImage else empty end]
        | map(select(. != null and . != "")) | unique),
    registry_id: (if $source == "own" then $values.registryId // "" else "" end)
  }
