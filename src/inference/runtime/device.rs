//! Where the model runs. What was asked for runs, or nothing does: no silent fall-back.
//!
//! All but the CPU come with the user's own build of ONNX Runtime. Only those are here that a build of 1.24 or later for
//! Linux or macOS can have.

use ort::ep::{CUDA, CoreML, ExecutionProvider, ExecutionProviderDispatch, MIGraphX, OpenVINO, TensorRT};
use serde::Serialize;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    #[default]
    Cpu,
    Cuda,
    TensorRt,
    OpenVino,
    MiGraphX,
    CoreMl,
}

impl Device {
    pub fn name(self) -> &'static str {
        match self {
            Device::Cpu => "cpu",
            Device::Cuda => "cuda",
            Device::TensorRt => "tensorrt",
            Device::OpenVino => "openvino",
            Device::MiGraphX => "migraphx",
            Device::CoreMl => "coreml",
        }
    }

    /// The execution provider, set to fail when it cannot be registered; none for the CPU, which is always there.
    pub(super) fn provider(self) -> Option<ExecutionProviderDispatch> {
        Some(
            match self {
                Device::Cpu => return None,
                Device::Cuda => CUDA::default().build(),
                Device::TensorRt => TensorRT::default().build(),
                Device::OpenVino => OpenVINO::default().build(),
                Device::MiGraphX => MIGraphX::default().build(),
                Device::CoreMl => CoreML::default().build(),
            }
            .error_on_failure(),
        )
    }

    /// Whether the loaded ONNX Runtime was built with it.
    pub(super) fn available(self) -> ort::Result<bool> {
        match self {
            Device::Cpu => Ok(true),
            Device::Cuda => CUDA::is_available(),
            Device::TensorRt => TensorRT::is_available(),
            Device::OpenVino => OpenVINO::is_available(),
            Device::MiGraphX => MIGraphX::is_available(),
            Device::CoreMl => CoreML::is_available(),
        }
    }
}
