//! One session of ONNX Runtime on one thread, and what its graph says of itself.

use half::f16;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use super::{Engine, RawMap, Runtime};
use crate::error::{PhotoError, Stage, UsageError};
use crate::inference::manifest::{Element, GraphInfo, Model, TensorInfo};
use crate::inference::preprocess::{Tensor, TensorData};

pub struct OrtSession {
    session: Session,
    input: String,
    output: String,
}

impl OrtSession {
    /// One thread, no spinning: many sessions side by side use a machine better than one session on many threads.
    pub fn open(runtime: &Runtime, model: &Model) -> Result<Self, UsageError> {
        let session = build(runtime, model).map_err(|e| {
            let device = runtime.info.device.name();
            UsageError(format!(
                "The model {} could not be loaded on {device}: {e}. If it needs another device or a newer ONNX Runtime, see --device and --ort-lib; \
                 otherwise export it again (opset 9 to 23).",
                model.id.name
            ))
        })?;
        let first = |outlets: &[Outlet]| outlets.first().map(|o| o.name().to_owned()).unwrap_or_default();
        let (input, output) = (first(session.inputs()), first(session.outputs()));
        Ok(Self { session, input, output })
    }

    pub fn graph(&self) -> GraphInfo {
        let describe = |outlets: &[Outlet]| outlets.iter().map(tensor_info).collect();
        GraphInfo { inputs: describe(self.session.inputs()), outputs: describe(self.session.outputs()) }
    }

    /// Which of the graph's inputs and outputs `infer` uses.
    pub fn select(&mut self, input: &str, output: &str) {
        self.input = input.to_owned();
        self.output = output.to_owned();
    }
}

fn build(runtime: &Runtime, model: &Model) -> ort::Result<Session> {
    let mut builder: SessionBuilder = Session::builder(&runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?;
    if let Some(provider) = runtime.info.device.provider() {
        builder = builder.with_execution_providers([provider])?;
    }
    match &model.file_with_side_files {
        Some(path) => builder.commit_from_file(path),
        None => builder.commit_from_memory(&model.graph),
    }
}

impl Engine for OrtSession {
    fn infer(&mut self, tensor: &Tensor) -> Result<RawMap, PhotoError> {
        self.run(tensor)
            .map_err(|e| PhotoError::new(Stage::Model, "inference_failed", format!("the model could not be run: {e}")))
    }
}

impl OrtSession {
    fn run(&mut self, tensor: &Tensor) -> ort::Result<RawMap> {
        let value = match &tensor.data {
            TensorData::F32(array) => TensorRef::from_array_view(array)?.into_dyn(),
            TensorData::F16(array) => TensorRef::from_array_view(array)?.into_dyn(),
            TensorData::U8(array) => TensorRef::from_array_view(array)?.into_dyn(),
        };
        let outputs = self.session.run(ort::inputs![self.input.as_str() => value])?;
        let output =
            outputs.get(&self.output).ok_or_else(|| ort::Error::new(format!("no output is named {}", self.output)))?;
        let element = element_of(output.dtype());
        let (shape, values) = match element {
            Element::Float32 => extract::<f32>(output, |v| v)?,
            Element::Float16 => extract::<f16>(output, f16::to_f32)?,
            Element::Uint8 => extract::<u8>(output, f32::from)?,
            Element::Int32 => extract::<i32>(output, |v| v as f32)?,
            Element::Int64 => extract::<i64>(output, |v| v as f32)?,
            Element::Other => {
                return Err(ort::Error::new(format!(
                    "output {} is of a type that cannot be read as a map",
                    self.output
                )));
            }
        };
        Ok(RawMap { shape, element, values })
    }
}

fn extract<T: ort::value::PrimitiveTensorElementType + Copy>(
    value: &ort::value::DynValue,
    convert: impl Fn(T) -> f32,
) -> ort::Result<(Vec<usize>, Vec<f32>)> {
    let (shape, data) = value.try_extract_tensor::<T>()?;
    Ok((shape.iter().map(|&d| d as usize).collect(), data.iter().map(|&v| convert(v)).collect()))
}

fn tensor_info(outlet: &Outlet) -> TensorInfo {
    let dims = match outlet.dtype() {
        ValueType::Tensor { shape, .. } => shape.iter().map(|&d| u32::try_from(d).ok()).collect(),
        _ => Vec::new(),
    };
    TensorInfo { name: outlet.name().to_owned(), element: element_of(outlet.dtype()), dims }
}

fn element_of(value: &ValueType) -> Element {
    match value {
        ValueType::Tensor { ty, .. } => match ty {
            TensorElementType::Float32 => Element::Float32,
            TensorElementType::Float16 => Element::Float16,
            TensorElementType::Uint8 => Element::Uint8,
            TensorElementType::Int32 => Element::Int32,
            TensorElementType::Int64 => Element::Int64,
            _ => Element::Other,
        },
        _ => Element::Other,
    }
}
