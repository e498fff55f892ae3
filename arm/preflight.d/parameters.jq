# What is wrong with the parameters file $file for $template, one line each.
# $deployment is what deployment.jq makes of them.

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
      elif ($value | is_of($type) | not) then "\($name) is of another type than \($type)"
      elif $type == "securestring" then empty
      elif $parameter.allowedValues and $type != "array" and ($parameter.allowedValues | index([$value]) | not)
        then "\($name) is \($value), and not one of \($parameter.allowedValues | join(", "))"
      elif ($type == "string" or $type == "array")
        and (($value | length) < ($parameter.minLength // 0) or ($value | length) > ($parameter.maxLength // 1e9))
        then "\($name) is too short or too long"
      elif $type == "int" and ($value < ($parameter.minValue // -1e18) or $value > ($parameter.maxValue // 1e18))
        then "\($name) is out of its range"
      else empty end
  ),
  (
    $d.values.sizeOverrides | objects | keys[] | select(. as $member | $members | index($member) | not)
    | "sizeOverrides has no member \(.)"
  ),
  # What the template itself refuses.
  (
    $d.size | select((.planSku // "" | tostring | ascii_downcase | startswith("b"))
        and (.minimumInstances > 1 or .maximumInstances > .minimumInstances or .stagingSlot))
    | "planSku \(.planSku) is a Basic plan, which has one instance and no staging slot"
  ),
  (
    ["image", "registryId", "stagingImage"][] as $name
    | select($d.source == "build" and ($d.values[$name] // "") != "")
    | "\($name) would not be used, as imageSource is build"
  ),
  (
    select($d.source != "build" and ($d.values.stagingRef // "") != "")
    | "stagingRef would not be used, as imageSource is \($d.source)"
  ),
  (
    select($d.source == "build" and ($d.values.rebuild // "" | tostring | test("^[A-Za-z0-9.-]*$") | not))
    | "rebuild is part of an image tag, and has more than letters, digits, dots and hyphens"
  )
