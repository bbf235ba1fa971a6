/// What made-up traffic is made of.
enum TrafficVocabulary {
  /// About as many languages as a multilingual guard names.
  static let languages = words(
    """
    en zh es fr de pt it ja ko ar ru hi id vi th tr nl pl uk fa bn ta te ur mr gu kn ml pa ne si my km lo ms tl jv su sw zu xh af \
    am ha yo ig so mg sn st tn rw ny ln lg ca gl eu oc ast cy ga gd br is fo da sv nb nn fi et lv lt cs sk sl hr sr bs mk bg ro \
    hu sq el he yi hy ka az kk ky uz tg tk mn ug bo dz ps ku sd ks as or mai bho ceb ilo pag war min ban ace lb fur sc scn \
    vec li mt zh-Hant
    """)
  static let regions = words(
    """
    US CN IN BR JP DE GB FR ID MX RU KR TR VN IT ES PL TH CA UA NL PH EG SA AU AR MY CO ZA PK BD NG IR IQ AE SE BE CZ RO PT GR HU \
    CH AT IL SG DK NO FI IE NZ CL PE EC VE BO PY UY CR PA GT HN SV NI DO CU JM TT HT BS BB MA DZ TN LY SD ET KE TZ UG RW GH CI \
    SN CM AO MZ ZM ZW BW NA MG MU MW ML BF NE TD GN BJ TG SL LR GA CG CD SO ER DJ GM GW CV ST KM SC LS SZ BI CF SS GQ MR KZ UZ \
    TM KG TJ AF MN NP LK MM KH LA BN TL MV BT TW HK MO KP SY LB JO PS YE OM KW QA BH CY TR-34 GE AM AZ BY MD LT LV EE SK SI HR BA \
    RS ME MK AL BG MT IS LU LI MC SM AD VA FO GL CN-GD CN-BJ CN-SH US-CA US-NY US-TX IN-MH IN-KA BR-SP DE-BY GB-ENG FR-IDF ES-CT \
    IT-25 JP-13 AU-NSW CA-ON MX-CMX PG FJ SB VU WS TO KI TV NR PW FM MH
    """)
  static let models = words(
    "Qwen3Guard-Gen-8B Qwen3Guard-Gen-4B Qwen3Guard-Stream-8B Llama-Guard-4-12B shieldgemma-9b omni-moderation-latest")
  static let errorCauses = words("unreadable timeout truncated refused http other")

  private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}
