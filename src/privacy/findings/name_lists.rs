//! Words for telling names of people from other words in file and folder names. Short on purpose: the commonest names of
//! Japan and of English-speaking countries, without those that are also words about skin, places or colours.

pub const KANJI_SURNAMES: &str = "佐藤|鈴木|高橋|田中|伊藤|渡辺|渡邊|渡邉|山本|中村|小林|加藤|吉田|山田|佐々木|山口|松本|井上|木村|斎藤|斉藤|齋藤|齊藤|清水|山崎|\
阿部|安部|池田|橋本|山下|石川|中島|前田|藤田|小川|後藤|岡田|長谷川|村上|近藤|石井|坂本|遠藤|青木|藤井|西村|福田|太田|三浦|藤原|岡本|松田|中川|中野|小野|\
原田|田村|竹内|金子|和田|中山|石田|上田|森田|柴田|酒井|宮崎|工藤|横山|宮本|内田|高木|安藤|谷口|大野|高田|丸山|今井|武田|藤本|村田|上野|杉山|増田|平野|大塚|\
千葉|久保|松井|小島|岩崎|桜井|櫻井|野口|松尾|野村|木下|菊地|菊池|佐野|大西|杉本|新井|荒井|浜田|濱田|菅原|市川|水野|小松|島田|古川|小山|高野|山内|西田|西川|\
五十嵐|北村|安田|中田|川口|平田|川崎|本田|久保田|吉川|飯田|沢田|辻本|矢野|服部|広瀬|岩田|土屋|須藤|川村|荒木|大久保|松岡|望月|星野|黒田|尾崎|永井|堀内|内藤";

/// After a surname these make it a place, a school or a hospital.
pub const PLACE_ENDINGS: [&str; 14] =
    ["県", "市", "区", "町", "村", "郡", "駅", "大学", "大", "病院", "医院", "医科", "皮膚科", "クリニック"];

/// Characters of anatomy, disease and photography: a word with one of them is not taken for a name.
pub const MEDICAL_KANJI: &str = "皮膚病変部左右前後側腕手足背腹胸頭顔面体幹写真画像正常患者乾癬炎症腫疹瘤癌膿疱斑痂痒湿疣贅白黒赤色素診療科外来入院治療薬初再\
経過番号年月日時分秒歳才性別男女検査組織生標本試料研究対照群例表裏指爪趾膝肘首頸肩腰臀脚腿踵耳鼻口唇眼目瞼額頬顎陰毛髪汗腺脂肪血管神経第回目元共通名称未分類済処理原出力入訓練評価";

pub const ROMAN_SURNAMES: &str = "sato|satoh|suzuki|takahashi|tanaka|ito|itoh|watanabe|yamamoto|nakamura|kobayashi|kato|katoh|yoshida|yamada|sasaki|yamaguchi|\
matsumoto|inoue|kimura|saito|saitoh|shimizu|yamazaki|yamasaki|ikeda|hashimoto|yamashita|ishikawa|nakajima|maeda|fujita|ogawa|goto|okada|hasegawa|murakami|kondo|ishii|\
sakamoto|endo|aoki|fujii|nishimura|fukuda|miura|fujiwara|okamoto|matsuda|nakagawa|nakano|harada|tamura|takeuchi|kaneko|wada|nakayama|ishida|ueda|morita|shibata|sakai|\
miyazaki|kudo|yokoyama|miyamoto|uchida|takagi|ando|taniguchi|\
smith|johnson|williams|jones|garcia|davis|rodriguez|martinez|hernandez|lopez|gonzalez|wilson|anderson|thomas|taylor|jackson|martin|thompson|harris|sanchez|clark|ramirez|\
lewis|robinson|walker|allen|wright|torres|nguyen|flores|adams|nelson|campbell|mitchell|roberts|carter|phillips|evans|turner|parker|collins|edwards|stewart|morris|murphy|\
kim|park|wang|zhang|chen|yang|huang|silva|santos|oliveira|souza|mueller|schmidt|schneider|fischer|weber";

pub const ROMAN_GIVEN_NAMES: &str = "taro|jiro|ichiro|saburo|hanako|kenji|hiroshi|takashi|akira|makoto|kazuo|minoru|shigeru|osamu|masao|hideo|yoshio|satoshi|takeshi|\
daisuke|kenta|shota|haruto|yuto|sota|ren|yuki|haruka|sakura|yui|aoi|hina|misaki|keiko|yoko|kazuko|hiroko|sachiko|michiko|yumiko|akiko|naoko|tomoko|kyoko|emi|mayumi|\
james|john|robert|michael|william|david|richard|joseph|charles|christopher|daniel|matthew|anthony|steven|andrew|joshua|kenneth|kevin|brian|george|edward|ronald|\
timothy|jason|jeffrey|ryan|jacob|gary|nicholas|eric|jonathan|stephen|larry|justin|benjamin|samuel|gregory|alexander|patrick|mary|patricia|jennifer|linda|elizabeth|\
barbara|susan|jessica|sarah|karen|lisa|nancy|betty|margaret|sandra|ashley|kimberly|emily|donna|michelle|carol|amanda|melissa|deborah|stephanie|rebecca|laura|cynthia|\
kathleen|amy|angela|anna|emma|nicole|helen|samantha|katherine|maria|jose|juan|carlos|ana|hans|peter|klaus|pierre|marie|mohamed|mohammed|ahmed|fatima|wei|min|jun";

/// Capitalised words that stand side by side in folder names without being a person.
pub const PLAIN_WORDS: &str = "skin|photo|photos|image|images|picture|pictures|mask|masks|lesion|lesions|patient|patients|study|data|dataset|train|training|test|testing|\
validation|val|left|right|upper|lower|front|back|before|after|baseline|visit|week|month|day|arm|leg|hand|foot|face|head|neck|trunk|chest|abdomen|elbow|knee|nail|scalp|\
cell|basal|squamous|carcinoma|melanoma|nevus|keratosis|seborrheic|actinic|atopic|contact|dermatitis|psoriasis|plaque|eczema|fungal|viral|infection|ulcer|wound|lipoma|acne|\
normal|healthy|control|group|case|cases|original|originals|export|output|input|new|old|part|set|batch|camera|roll|google|apple|samsung|screen|shot|ground|truth|close|up|\
ring|worm|warts|bullous|disease|lupus|scabies|systemic|tinea|urticaria|vascular|tumors|vasculitis|light|diseases|disorders|pigmentation|and|of|the|my|documents|pictures";
