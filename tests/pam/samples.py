"""Messages of a feed of identities, about people who do not exist."""

LOCAL = "12345^^^GAM&1.2.250.1.999.1&ISO^PI"
OTHER = LOCAL.replace("12345", "777")
INS = "275126322074974^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS"
NAMES = "ADRUN^ZOE^ZOE MARIE^^^^L"
PLACE = "^^Malintrat^^^^BDL^^63220"


def message(
    event: str = "A28",
    *,
    control: str = "1",
    numbers: str = f"{LOCAL}~{INS}",
    names: str = NAMES,
    born: str = "19751231",
    sex: str = "F",
    place: str = PLACE,
    status: str = "VALI",
    more: str = "",
    header: dict[int, str] | None = None,
) -> str:
    """Return a message. Shape: more are segments after PID; header, fields of MSH that differ, by number."""
    fields = {3: "GAM", 4: "CHU", 5: "USAGER", 6: "EHPAD", 7: "20260504100000", 9: f"ADT^{event}", 10: control}
    fields |= {11: "P", 12: "2.5", 18: "UNICODE UTF-8", **(header or {})}
    msh = "|".join(["MSH|^~\\&", *(fields.get(number, "") for number in range(3, 19))])
    pid = {3: numbers, 5: names, 7: born, 8: sex, 11: place, 32: status}
    lines = [msh, f"EVN|{event}|20260504100000", "|".join(["PID", *(pid.get(number, "") for number in range(1, 33))])]
    return "\r".join([*lines, *([more] if more else [])]) + "\r"
