# Problems of the parameters file $file for $template, one on each line.
# $deployment is the output of deployment.jq.

# A parameter of a function named $type would hide the function type.
def is_of($declared):
    {string: "string", securestring: "string", int: "number", bool: "boolean", array: "array",
     object: "object", secureobject: "object"}[$declared] as $wanted
    | $wanted == null or type == $wanted;

$template[0] as $t
| ($t.parameters | with_entries(.key |= ascii_downcase)) as $declared
| ($t.definitions.sizing.properties // {} | keys) as $members
| $deployment[0] as $d
| (
    $file[0].parameters | to_entries[] | .key as $name | (.value.value?) as $value
    | $declared[$name | ascii_downcase] as $parameter
    | ($parameter | if . and .["$ref"] then "object" else .type? end) as $type
    | if $parameter == null then "there is no parameter \($name)"
      elif $value == null then empty
      elif ($value | is_of($type) | not) then "\($name) must be of type \($type)"
      elif $type == "securestring" then empty
      elif $parameter.allowedValues and $type != "array" and ($parameter.allowedValues | index([$value]) | not)
        then "\($name) is \($value), but must be one of \($parameter.allowedValues | join(", "))"
      elif $parameter.allowedValues and $type == "array" and ($value - $parameter.allowedValues) != []
        then ($value - $parameter.allowedValues)[]
        | if . == "kolibri-redis-url"
          then "\($name) has \(.), but the template no longer creates a Redis: remove it"
          else "\($name) has \(.), but may have only \($parameter.allowedValues | join(", "))" end
      elif ($type == "string" or $type == "array")
        and (($value | length) < ($parameter.minLength // 0) or ($value | length) > ($parameter.maxLength // 1e9))
        then "\($name) is too short or too long"
      elif $type == "int" and ($value < ($parameter.minValue // -1e18) or $value > ($parameter.maxValue // 1e18))
        then "\($name) is out of its range"
      else empty end
  ),
  (
    $d.values.sizeOverrides | objects | keys[] | select(. as $member | $members | index($member) | not)
    | if IN("redis", "redisSku")
      then "sizeOverrides has \(.), but the template no longer creates a Redis: remove it"
      else "sizeOverrides has no member \(.)" end
  ),
  # Values that the template itself refuses.
  (
    $d.size | select((.planSku // "" | tostring | ascii_downcase | startswith("b"))
        and (.minimumInstances > 1 or .maximumInstances > .minimumInstances or .stagingSlot))
    | "planSku \(.planSku) is a Basic plan, which has one instance and no staging slot"
  ),
  (
    $d.size | [.minimumInstances, .maximumInstances, .databaseConnections] as $numbers
    | select($numbers | all(type == "number"))
    | (([.minimumInstances, .maximumInstances] | max) * (if .stagingSlot then 2 else 1 end)) as $instances
    | (12 + 9 * $instances) as $needed
    | select(.databaseConnections < $needed)
    | "databaseConnections \(.databaseConnections) is too small for \($instances) instances, with those of the staging slot: set it to \($needed) or more in sizeOverrides"
  ),
  (
    ["image", "registryId", "stagingImage"][] as $name
    | select($d.source == "build" and ($d.values[$name] // "") != "")
    | "\($name) has no effect, because imageSource is build"
  ),
  (
    select($d.source != "build" and ($d.values.stagingRef // "") != "")
    | "stagingRef has no effect, because imageSource is \($d.source)"
  ),
  (
    select($d.source == "published" and ($d.values.registryId // "") != "")
    | "registryId has no effect, because imageSource is published"
  ),
  (
    (if $d.source == "build" then "stagingRef" else "stagingImage" end) as $name
    | select($d.size.stagingSlot != true and ($d.values[$name] // "") != "")
    | "\($name) has no effect, because the deployment has no staging slot"
  ),
  (
    $d.values | select((.customDomain // "") != ""
        and (.customDomain | tostring | ascii_downcase) == (.contentCustomDomain // "" | tostring | ascii_downcase))
    | "customDomain and contentCustomDomain are both \(.customDomain): set another contentCustomDomain, or none"
  ),
  (
    select($d.source == "build" and ($d.values.rebuild // "" | tostring | test("^[A-Za-z0-9.-]*$") | not))
    | "rebuild is part of an image tag, so it can have only letters, digits, dots and hyphens"
  )
