//! The folder of results: where what lies in it (`layout`), whether it is ours, its lock and what is already done in it
//! (`folder`), its pictures (`pictures`, `mask_file`, `legend`, `crops`) and tables (`tables`), and what earlier runs left there (`earlier`).
//! `results` reads all of that back, `refresh` brings the tables up to the records, `review` is what somebody said of the results,
//! `scales` what was said of the length of a pixel, `withdraw` takes people out of them, `outbox` sends them away as a tar, `parts` joins what was made apart.

mod crops;
mod earlier;
mod folder;
mod layout;
mod legend;
mod mask_file;
mod outbox;
mod parts;
mod pictures;
mod refresh;
pub(crate) mod results;
pub(crate) mod review;
mod scales;
mod tables;
mod withdraw;

pub use crops::{NewFile, make_crops};
pub use earlier::{Earlier, find as find_earlier};
pub use folder::{ENCRYPTED_TO, OutputFolder, State, is_about_the_name, is_results, last_touched};
pub use layout::{
    CROPS, file_name_of, lesion_map_path, mask_path, model_mask_path, overlay_path, record_path, sign_of_results,
};
pub use mask_file::{MaskError, decode as decode_mask, decode_probabilities};
pub use outbox::Outbox;
pub use parts::{Part, Parts};
pub use pictures::{Overlay, encode_grey, encode_mask, encode_overlay, encode_probabilities, kind_colour, palette};
pub use refresh::refresh_tables;
pub use results::kinds_of;
pub use review::Review;
pub use scales::Scales;
pub use tables::{
    CLASSIFIERS, RUN_SCHEMA, RunFile, Tables, Totals, carries_codes, harmless, summary_cells, summary_columns,
};
pub use withdraw::{Removal, Withdrawal, opted_out_people, withdrawn_people};
